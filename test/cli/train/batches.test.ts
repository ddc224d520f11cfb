import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openFolder } from "../../../src/formats/folder.ts";
import { openWeights } from "../../../src/formats/weights.ts";
import type { GoldenTraining } from "../../support/models/golden-decoder.ts";
import { runInTurn } from "../run-cli.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "shaderformer-train-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const file = async (name: string, content: unknown) => {
  const path = join(folder, name);
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
};

const settings = ["--optimizer", "adamw", "--lr", "1e-2", "--betas", "0.9,0.95", "--eps", "1e-8"];
const train = (model: string, batches: string, ...more: readonly string[]) =>
  runInTurn(["train", "--model", model, "--batches", batches, ...more]);

test.each(["gpt2", "mixtral"])(
  "%s: a step a batch with PyTorch's losses and norms, and a folder that loads",
  async (name) => {
    const model = `test/golden/gradients-${name}`;
    const golden: GoldenTraining = JSON.parse(await readFile(`${model}/golden.json`, "utf8"));
    const batches = golden.steps.map(({ ids, targets }) => ({ inputs: ids, targets }));
    const out = join(folder, name);
    const more = ["--weight-decay", "0.1", "--clip", "1", "--schedule", "constant", "--json", "--out", out];
    const { code, stdout, stderr } = await train(model, await file(`${name}.json`, { batches }), ...settings, ...more);
    expect(code, stderr).toBe(0);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map(({ step }) => step)).toEqual(batches.map((_, i) => i + 1));
    for (const [i, { loss, gradientNorm, learningRate, ...rest }] of lines.entries()) {
      const step = golden.steps[i];
      const { auxiliaryLoss, ...others } = rest;
      expect(others).toEqual({ step: i + 1 });
      expect(typeof auxiliaryLoss).toBe(name === "mixtral" ? "number" : "undefined");
      expect(Math.abs(loss - (step?.loss ?? Number.NaN))).toBeLessThan(1e-4);
      expect(Math.abs(gradientNorm / (step?.norm ?? Number.NaN) - 1)).toBeLessThan(1e-3);
      expect(learningRate).toBe(1e-2);
    }

    expect((await readdir(out)).toSorted()).toEqual(["config.json", "model.safetensors", "tokenizer.json"]);
    const [before, after] = await Promise.all([model, out].map(async (at) => await openWeights(await openFolder(at))));
    if (!before || !after) return;
    const shapes = (weights: typeof before) =>
      [...weights.tensors.values()].map(({ name: one, shape }) => [one, shape]);
    expect(shapes(after)).toEqual(shapes(before));
    expect(new Set([...after.tensors.values()].map(({ dtype }) => dtype))).toEqual(new Set(["F32"]));
    const generated = await runInTurn([
      "generate",
      "AB",
      "--model",
      out,
      "--max-tokens",
      "3",
      "--temperature",
      "0",
      "--json",
    ]);
    expect([generated.code, typeof JSON.parse(generated.stdout).text]).toEqual([0, "string"]);

    // From where it ended: the first loss of the last batch again is that of the trained weights.
    const last = await file("last.json", { batches: batches.slice(-1) });
    const again = await train(out, last, ...settings, "--json");
    const first = JSON.parse(again.stdout.split("\n")[0] ?? "");
    expect(first.loss).toBeLessThan(golden.steps.at(-1)?.loss ?? 0);
  },
);

test("a folder that was not trained is written as it was, to the bit", async () => {
  const model = "test/golden/gradients-gpt2";
  const batches = [{ inputs: [[1, 2, 3]], targets: [[2, 3, 4]] }];
  const out = join(folder, "same");
  const path = await file("one.json", { batches });
  const { code, stderr } = await train(model, path, "--lr", "1e-30", "--weight-decay", "0", "--json", "--out", out);
  expect(code, stderr).toBe(0);
  const [given, made] = await Promise.all([model, out].map(async (at) => await openWeights(await openFolder(at))));
  for (const tensor of given?.tensors.values() ?? []) {
    const other = made?.get(tensor.name, tensor.shape) ?? tensor;
    const bytes = await given?.read(tensor, 0, tensor.end - tensor.begin);
    const copy = await made?.read(other, 0, other.end - other.begin);
    expect(Buffer.compare(copy ?? new Uint8Array(), bytes ?? new Uint8Array()), tensor.name).toBe(0);
  }
});

test("what is wrong is said before a step is taken, or at the step where it happens", async () => {
  const model = "test/golden/gradients-gpt2";
  const batch = (inputs: unknown, targets: unknown) => ({ batches: [{ inputs, targets }] });
  const good = await file("good.json", batch([[1, 2]], [[2, 3]]));
  const there = join(folder, "there");
  await mkdir(there);
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["--batches", await file("bad.json", "{")], /bad\.json/],
    [["--batches", await file("none.json", { batches: [] })], /none\.json: batches is no list of batches/],
    [
      ["--batches", await file("id.json", batch([[1, 37]], [[2, 3]]))],
      /batches\[0\]\.inputs\[0\]\[1\] is 37, expected a token id below 37/,
    ],
    [
      ["--batches", await file("rows.json", batch([[1, 2], [1]], [[2, 3], [1]]))],
      /inputs\[1\] has 1 tokens, expected 2/,
    ],
    [
      ["--batches", await file("long.json", batch([Array(17).fill(1)], [Array(17).fill(1)]))],
      /has 17 tokens, expected at most 16/,
    ],
    [["--batches", await file("dead.json", batch([[1, 2]], [[-100, -100]]))], /targets are all -100/],
    [["--batches", good, "--betas", "0.9"], /two numbers/],
    [["--batches", good, "--lr", "0"], /above 0/],
    [["--batches", good, "--out", there], /is there already; --force/],
    [["--batches", join(folder, "nowhere.json")], /there is no such file/],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await runInTurn(["train", "--model", model, ...args]);
    expect([code, stdout], args.join(" ")).toEqual([1, ""]);
    expect(stderr).toMatch(message);
  }
  const many = { batches: Array.from({ length: 30 }, () => ({ inputs: [[1, 2, 3]], targets: [[2, 3, 4]] })) };
  const out = join(folder, "diverged");
  const diverged = await train(model, await file("many.json", many), "--lr", "1e30", "--json", "--out", out);
  expect(diverged.code).toBe(1);
  expect(diverged.stderr).toMatch(
    /step \d+: the loss is .*: the learning rate may be too high; .*diverged is not written/,
  );
  await expect(readdir(out)).rejects.toThrow("ENOENT");
});
