import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import "../../support/built.ts";

const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), "shaderformer-example-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const example = (...words: string[]) => run(process.execPath, ["scripts/example.mjs", "13", ...words]);

test("13-pretrain-finetune: from 20 labels the pre-trained encoder names voices better than the fresh one", async () => {
  const out = join(folder, "results.json");
  const words = ["--tasks", "voice", "--nets", "pre-trained,fresh", "--seeds", "0", "--steps", "15", "--out", out];
  const { stdout } = await example(...words);
  const runs: readonly { readonly net: string; readonly score: number }[] = JSON.parse(
    await readFile(out, "utf8"),
  ).runs;
  const [pretrained = 0, fresh = 1] = runs.map(({ score }) => score);
  expect(runs.map(({ net }) => net)).toEqual(["pre-trained", "fresh"]);
  expect(pretrained).toBeGreaterThan(fresh + 0.1);
  expect(stdout).toContain(`| voice | pre-trained | ${(100 * pretrained).toFixed(1)} |`);

  // What the file has is not run again.
  const again = await example(...words);
  expect(again.stdout.trim()).toBe(stdout.slice(stdout.indexOf("| task")).trim());
});

test("13-pretrain-finetune: the other tasks run, and unknown names, sizes and texts are refused", async () => {
  const out = join(folder, "capitals.json");
  const few = ["--sizes", "4", "--seeds", "0", "--steps", "1", "--test", "4", "--out", out];
  await example("--tasks", "capitals,follows", ...few);
  const { runs } = JSON.parse(await readFile(out, "utf8"));
  expect(runs.map(({ task, net }: Record<string, string>) => `${task}: ${net}`)).toEqual([
    "capitals: pre-trained",
    "capitals: fresh",
    "follows: pre-trained",
    "follows: fresh",
    "follows: bag of words",
    "follows: word vectors",
  ]);
  for (const { score } of runs) expect(score).toSatisfy((share: number) => share >= 0 && share <= 1);
  await expect(example("--tasks", "rhyme")).rejects.toThrow(
    "--tasks has rhyme, expected some of voice, capitals, follows",
  );
  await expect(example("--sizes", "20,x")).rejects.toThrow("--sizes has x, expected whole numbers from 1");
  await expect(example(join(folder, "nowhere"))).rejects.toThrow(/nowhere.scripture\.val\.txt/);
  await expect(example("--sizes", "100000")).rejects.toThrow(
    /the texts have \d+ sentences of that kind, expected 100000/,
  );
});
