// Writes site/train/run/recorded.json: the run that the train page shows before anything is trained. Needs
// `node scripts/build.mjs` to have run once.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { wgslEsbuild } from "../../dist/wgsl.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const entry = `
  export { openGpu } from "./src/gpu/device/open.ts";
  export { settingsFor } from "./site/train/setup/settings.ts";
  export { train } from "./site/train/worker/loop.ts";
  export { openSession } from "./site/train/worker/session.ts";
`;
const folder = await mkdtemp(join(root, ".record-"));
try {
  const outfile = join(folder, "train.mjs");
  await build({
    stdin: { contents: entry, resolveDir: root, loader: "ts" },
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    outfile,
    plugins: [wgslEsbuild()],
  });
  const { openGpu, settingsFor, train, openSession } = await import(pathToFileURL(outfile).href);
  const gpu = await openGpu();
  const settings = settingsFor("sort");
  const session = await openSession(gpu, { settings, text: "" }, undefined);
  const keeper = { last: new Blob(), age: 0, wanted: false, ask: async () => {}, save: async () => {} };
  await train(session, keeper, { report: () => {}, isPaused: () => false });
  const { facts, history } = session;
  const short = (value) => Number(value.toPrecision(5));
  const recording = {
    settings,
    facts: { ...facts, baselines: Object.fromEntries(Object.entries(facts.baselines).map(([k, v]) => [k, short(v)])) },
    history: {
      seconds: short(history.seconds),
      steps: history.steps.map(({ step, loss, gradientNorm, learningRate, skipped }) => ({
        step,
        loss: short(loss),
        gradientNorm: short(gradientNorm),
        learningRate,
        skipped,
      })),
      looks: history.looks.map((look) => ({
        ...look,
        loss: short(look.loss),
        accuracy: short(look.accuracy),
        norms: look.norms?.map(short),
        ratios: look.ratios?.map(short),
      })),
      // In 255ths, as base64.
      attention: history.attention.map(({ step, tokens, weights }) => ({
        step,
        tokens,
        weights: Buffer.from(Uint8Array.from(weights, (weight) => Math.round(255 * weight))).toString("base64"),
      })),
    },
  };
  await writeFile(`${root}site/train/run/recorded.json`, `${JSON.stringify(recording)}\n`);
  session.dispose();
  gpu.close();
} finally {
  await rm(folder, { recursive: true, force: true });
}
