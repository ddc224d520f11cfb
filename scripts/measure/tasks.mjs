// Trains tasks of the train page with the code of its worker, and writes the results to site/train/tasks/measured.json:
// `node scripts/measure/tasks.mjs sort copy induction:layers=1 adaptation:base=voices-nano`, or all for which it has
// settings. Needs `node scripts/build.mjs` to have run once. `--try` writes nothing. `--rate` estimates from a few
// steps, evaluations included, how long the runs of the file, or the named ones, take on this machine when nothing else
// runs, and writes these times. `--text=FILE` trains on that text instead, and writes nothing.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { wgslEsbuild } from "../../dist/wgsl.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const file = `${root}site/train/tasks/measured.json`;
const entry = `
  export { openGpu } from "./src/gpu/device/open.ts";
  export { openFolder } from "./src/formats/folder.ts";
  export { settingsFor } from "./site/train/setup/settings.ts";
  export { differenceOf } from "./site/train/views/specialisation.ts";
  export { taskNames, taskOf } from "./site/train/tasks/tasks.ts";
  export { train } from "./site/train/worker/loop.ts";
  export { openSession } from "./site/train/worker/session.ts";
`;

/** `task:name=value,…` as the task and its settings. */
function wanted(text) {
  const [task, words = ""] = text.split(":");
  const given = words
    .split(",")
    .filter(Boolean)
    .map((pair) => pair.split("="))
    .map(([name, value]) => [name, Number.isNaN(Number(value)) ? value : Number(value)]);
  return { task, given: Object.fromEntries(given) };
}

const args = process.argv.slice(2);
const textFile = args.find((arg) => arg.startsWith("--text="))?.slice("--text=".length);
const text = textFile === undefined ? "" : await readFile(textFile, "utf8");
const isTrial = args.includes("--try") || textFile !== undefined;
await mkdir(join(root, ".cache"), { recursive: true });
const folder = await mkdtemp(join(root, ".cache", "tasks-"));
try {
  const outfile = join(folder, "tasks.mjs");
  await build({
    stdin: { contents: entry, resolveDir: root, loader: "ts" },
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    outfile,
    plugins: [wgslEsbuild()],
    loader: { ".json": "json" },
  });
  const { differenceOf, openGpu, openFolder, settingsFor, taskNames, taskOf, train, openSession } = await import(
    pathToFileURL(outfile).href
  );
  const named = args.filter((arg) => !arg.startsWith("--"));
  const all = taskNames.flatMap((name) => [
    name,
    ...(taskOf(name).variations ?? []).map(
      ({ settings }) => `${name}:${Object.entries(settings).map((pair) => pair.join("="))}`,
    ),
    ...(taskOf(name).adapts ? [`${name}:base=voices-nano`] : []),
  ]);
  const gpu = await openGpu();
  const readFigures = async () => JSON.parse(await readFile(file, "utf8"));
  const key = (one) => JSON.stringify([one.task, one.given]);
  const write = async (run) => {
    const { runs } = await readFigures();
    const all = [...runs.filter((one) => key(one) !== key(run)), run].sort((a, b) => (key(a) < key(b) ? -1 : 1));
    await writeFile(file, `${JSON.stringify({ adapter: gpu.adapter.label, runs: all }, undefined, 2)}\n`);
  };
  const openRun = async ({ task, given }) => {
    const settings = settingsFor(task, given);
    const source = taskOf(task).adapts ? await openFolder(`${root}examples/models/${settings.base}`) : undefined;
    return await openSession(gpu, { settings, text }, undefined, { source });
  };

  async function learn(run) {
    const session = await openRun(run);
    const keeper = { last: new Blob(), age: 0, wanted: false, ask: async () => {}, save: async () => {} };
    const report = (progress) => {
      if (progress.kind !== "look" || !args.includes("--verbose")) return;
      const { step, loss, accuracy, use } = progress.look;
      const apart = (use ?? []).map((layers) => layers.map((kinds) => `${(100 * differenceOf(kinds)).toFixed(1)} %`));
      const experts = apart.length > 0 ? ` experts differ: ${apart.map((layers) => layers.join(" ")).join(", ")}` : "";
      const time = `${session.history.seconds.toFixed(0)} s`;
      console.log(`  ${step} ${loss.toFixed(4)} ${accuracy.toFixed(3)} ${time}${experts}`);
    };
    await train(session, keeper, { report, isPaused: () => false });
    const { steps, looks, seconds } = session.history;
    const { accuracy, loss } = looks.at(-1);
    const [right, rest] = [accuracy, loss].map((value) => Number(value.toPrecision(4)));
    const found = { ...run, steps: steps.length, seconds: Number(seconds.toPrecision(3)), right, loss: rest };
    const { baselines, parameters } = session.facts;
    console.log(JSON.stringify({ ...found, baselines, parameters }));
    session.dispose();
    if (!isTrial) await write(found);
  }

  /** Steps between two evaluations, after the first ones, in which kernels are compiled. */
  async function rate(run) {
    const session = await openRun(run);
    const { every } = session.request.settings;
    await session.look();
    await session.advance(1);
    await session.advance(2);
    const taken = Math.min(every, run.steps);
    const start = performance.now();
    await session.look();
    await session.advance(1);
    await session.advance(taken - 1);
    const seconds = (((performance.now() - start) / 1000) * run.steps) / taken;
    console.log(`${run.task} ${JSON.stringify(run.given)}: ${seconds.toFixed(1)} s`);
    session.dispose();
    await write({ ...run, seconds: Number(seconds.toPrecision(2)) });
  }

  const asked = new Set(named.map(wanted).map(key));
  if (args.includes("--rate")) {
    const { runs } = await readFigures();
    for (const run of runs) if (named.length === 0 || asked.has(key(run))) await rate(run);
  } else for (const run of (named.length > 0 ? named : all).map(wanted)) await learn(run);
  gpu.close();
} finally {
  await rm(folder, { recursive: true, force: true });
}
