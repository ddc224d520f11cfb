import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { loadModel } from "../../../src/generate/load/load-model.ts";
import { quickly } from "../../cli/run-cli.ts";
import { quickGpu } from "../../support/devices/gpu.ts";

const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), "shaderformer-example-"));
const words = (await readFile("docs/design.md", "utf8")).slice(0, 6000).split("\n\n");
for (const [i, voice] of ["scripture", "jargon"].entries()) {
  await writeFile(join(folder, `${voice}.train.txt`), words.slice(i).join("\n\n<|endoftext|>\n\n"));
  await writeFile(join(folder, `${voice}.val.txt`), (words[i + 1] ?? "").slice(0, 60));
}
afterAll(() => rm(folder, { recursive: true, force: true }));

const out = join(folder, "model");
const example = ["scripts/example.mjs", "11-train", folder, "nano", "--out", out];
// What it starts has these choices too.
const options = { env: { ...process.env, NODE_OPTIONS: quickly.join(" ") } };
// Rows too short for the tiles of attention's gradients, which take seconds to compile.
const rows = ["--batch", "1", "--context", "32"];
const trained = run(process.execPath, [...example, "--steps", "2", ...rows], options);

test("11-train: a few steps on a small corpus leave a model, its card and its curve", async () => {
  const { stdout } = await trained;
  expect(stdout).toMatch(/step 2 {2}loss 7\.\d+/);
  expect(stdout).toMatch(/jargon: 7\.\d\d nats a token\n$/);
  const card = await readFile(join(out, "README.md"), "utf8");
  expect(card).toContain("# voices-nano");
  expect(card).toMatch(/\| 2 steps of 1 × 32 tokens, 0\.00 M together, in \d+ minutes, on /);
  expect(await readFile(join(out, "loss.svg"), "utf8")).toMatch(/<path d="M40\.0 .*L600\.0 /);
  expect((await readFile(join(out, "model.safetensors"))).length).toBeLessThan(4.1e6); // 1 M parameters at most
});

test("11-train: --first writes the fresh model and the batches that its training begins with", async () => {
  const { stdout } = await run(process.execPath, [...example, "--first", "1", ...rows], options);
  expect(stdout).toContain(`${out}-first: a fresh model, and the batches of its first steps: 1`);
  const file = join(`${out}-first`, "batches.json");
  const [{ inputs, targets }] = JSON.parse(await readFile(file, "utf8")).batches;
  expect([inputs.length, inputs[0].length, targets[0].length]).toEqual([1, 32, 32]);
  const given = ["--model", `${out}-first`, "--batches", file, "--json"];
  const alone = await run(process.execPath, ["dist/cli.js", "train", ...given], options);
  const { loss } = JSON.parse(alone.stdout);
  expect((await trained).stdout).toContain(`step 1  loss ${loss.toFixed(4)}`);
});

test("11-train: the bundled voices-nano is what its recipe makes, and has learnt its voices", async () => {
  const bundled = "examples/models/voices-nano";
  const config = async (file: string) => JSON.parse(await readFile(file, "utf8"));
  expect(await config(join(bundled, "config.json"))).toEqual(await config("examples/11-train/nano.json"));
  // Genesis 1:3 to 1:5, and the same words in another order.
  const verse = "And God said, Let there be light: and there was light. And God saw the light, that it was good.";
  const shuffled = verse.split(" ").toReversed().join(" ");
  using model = await loadModel(await quickGpu(), bundled);
  /** Nats a token, after those of the beginning and of the voice. */
  const score = async (text: string) => {
    const [, ...logprobs] = await model.score(`<|scripture|>${text}`);
    return -logprobs.reduce((sum, one) => sum + one, 0) / logprobs.length;
  };
  expect(await score(verse)).toBeLessThan(3.5);
  expect(await score(shuffled)).toBeGreaterThan(5);
});
