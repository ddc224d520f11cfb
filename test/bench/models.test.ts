import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import * as bench from "../../bench/index.ts";
import { findShape, modelTable, ownSubject, runModelBench, testsOf } from "../../bench/index.ts";
import { checkModel } from "../../bench/models/check.ts";
import type { ModelRow } from "../../bench/models/result.ts";
import { depthRatio } from "../../bench/models/run.ts";
import { writeRandomFolder } from "../../bench/models/write-random.ts";
import { runAndReport } from "../../src/cli/bench/generate.ts";
import { statusLine } from "../../src/cli/terminal.ts";
import { openWeights } from "../../src/formats/weights.ts";
import { cacheFormats, loadModel, openFolder } from "../../src/index.ts";
import { quickGpu } from "../support/devices/gpu.ts";

const gpu = await quickGpu();
const [, tiny] = findShape("tiny");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "shaderformer-bench-models-"));
  await writeRandomFolder(folder, tiny);
});

afterAll(async () => {
  gpu.close();
  await rm(folder, { recursive: true, force: true });
});

const open = async (from = folder) => {
  const model = await loadModel(gpu, await openFolder(from));
  return { model, known: { model, file: "tiny", type: "tiny", config: tiny, parameters: 94_528 } };
};

test("tests are llama-bench's, in its order", () => {
  expect(testsOf([512, 0], [128], [0, 64])).toEqual([
    { prompt: 512, generate: 0, depth: 0 },
    { prompt: 0, generate: 128, depth: 0 },
    { prompt: 512, generate: 0, depth: 64 },
    { prompt: 0, generate: 128, depth: 64 },
  ]);
});

// f32: the next test.
const caches = cacheFormats.filter((dtype) => dtype !== "f32").map((dtype) => ({ dtype, rotate: false }));
test.each([...caches, { dtype: "f32", rotate: true }, { dtype: "int4", rotate: true }] as const)(
  "a model with a cache of $dtype, rotated $rotate, is compared with float64 whose keys and values are rounded so",
  async (cache) => {
    const config = { ...tiny, head_dim: 32, num_hidden_layers: 1 };
    const wide = await mkdtemp(join(tmpdir(), "shaderformer-bench-models-"));
    try {
      await writeRandomFolder(wide, config);
      const source = await openFolder(wide);
      using model = await loadModel(gpu, source, { cache });
      const check = await checkModel(model, { config, parameters: 1e5, weights: await openWeights(source) });
      expect(check).toMatchObject({ verdict: "pass", reason: null });
      expect(check.error).toBeLessThan(1e-5);
    } finally {
      await rm(wide, { recursive: true, force: true });
    }
  },
);

test("a model that is right is timed, and each row has llama-bench's fields", async () => {
  const { model, known } = await open();
  const subject = await ownSubject({ ...known, weights: await openWeights(await openFolder(folder)) });
  expect(subject.check).toMatchObject({ verdict: "pass", reason: null });
  expect(subject.check.error).toBeLessThan(1e-5);
  const rows = await runModelBench([subject], { tests: testsOf([24], [4], [0, 20]), repetitions: 2 });
  expect(rows.map(({ n_prompt, n_gen, n_depth }) => [n_prompt, n_gen, n_depth])).toEqual([
    [24, 0, 0],
    [0, 4, 0],
    [24, 0, 20],
    [0, 4, 20],
  ]);
  for (const { samples_ns, samples_ts, avg_ts, n_prompt, n_gen } of rows) {
    expect(samples_ns).toHaveLength(2);
    const rates = samples_ns.map((nanoseconds) => ((n_prompt + n_gen) * 1e9) / nanoseconds);
    expect(avg_ts).toBeCloseTo((rates[0] ?? 0) / 2 + (rates[1] ?? 0) / 2, -1);
    expect(samples_ts).toHaveLength(2);
  }
  expect(rows[1]?.dispatches).toBeGreaterThan(10);
  const table = modelTable(rows).split("\n");
  expect(new Set(table.map(({ length }) => length)).size).toBe(1);
  expect(table[5]).toMatch(
    /^\| tiny +\| +\d+\.\d\d MiB .* tg4 @ d20 \| +[\d.]+ ± [\d.]+ \| +\d+ % \| +-?\d+\.\d\d \| pass /,
  );
  expect(rows.map(({ floor_ns }) => floor_ns === null)).toEqual([true, false, true, false]);
  expect(rows[1]?.floor_ns).toBeGreaterThan(0);
  expect(rows.map(({ depth_ratio }) => depth_ratio === null)).toEqual([true, true, true, false]);
  const [, shallow, , deep] = rows;
  expect(deep?.cache_floor_ns).toBeGreaterThan(0);
  expect(deep?.depth_ratio).toBe(deep && depthRatio(deep, shallow));
  await subject.close();
  model.dispose();
});

test("what depth costs is counted in readings of the cache that it adds", () => {
  const row = { n_gen: 4, n_depth: 4096, avg_ns: 100, cache_floor_ns: 11 };
  const shallow = { n_gen: 4, n_depth: 0, avg_ns: 40, cache_floor_ns: 1 };
  expect(depthRatio(row, shallow)).toBe(1.5);
  expect(depthRatio(shallow, shallow)).toBeNull();
  expect(depthRatio(row, undefined)).toBeNull();
  expect(depthRatio({ ...row, cache_floor_ns: null }, shallow)).toBeNull();
});

test("a prompt is read whole each time: none of it is in the cache", async () => {
  const { model, known } = await open();
  const subject = await ownSubject({ ...known, weights: await openWeights(await openFolder(folder)) });
  using session = model.session();
  let prefilled = 0;
  vi.spyOn(model, "session").mockReturnValue(session);
  for (let i = 0; i < 2; i++) {
    await subject.run({ prompt: 24, generate: 0, depth: 0 });
    expect(session.prefilledTokens - prefilled).toBe(24);
    prefilled = session.prefilledTokens;
  }
  model.dispose();
});

test("an engine that fails is named with its test, and the rows before it are printed and written", async () => {
  const { model, known } = await open();
  const own = await ownSubject({ ...known, weights: await openWeights(await openFolder(folder)) });
  const tests = [...testsOf([8], [2], [0]), ...testsOf([model.context + 1], [], [0])]; // the last prompt is too long
  const file = join(folder, "rows.json");
  const printed: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text, ...rest) => {
    printed.push(String(text));
    for (const done of rest) if (typeof done === "function") done();
    return true;
  });
  const running = runAndReport(bench, [own], { tests, repetitions: 1 }, statusLine(), file);
  await expect(running).rejects.toThrow(
    new RegExp(`^shaderformer \\(WebGPU\\) failed at pp${model.context + 1}: .*${model.context}`),
  );
  vi.restoreAllMocks();
  const rows = JSON.parse(await readFile(file, "utf8")) as ModelRow[];
  expect(rows.map((row) => [row.n_prompt, row.n_gen, row.samples_ns.length])).toEqual([
    [8, 0, 1],
    [0, 2, 1],
  ]);
  expect(printed.join("")).toBe(`${modelTable(rows)}\n`);
  await own.close();
  model.dispose();
});

test("a model that is not that of the files fails, and has no speed", async () => {
  const other = await mkdtemp(join(tmpdir(), "shaderformer-bench-models-"));
  await cp(folder, other, { recursive: true });
  const bytes = await readFile(join(other, "model.safetensors"));
  bytes.fill(0x30, bytes.length - 2048); // the last matrix
  await writeFile(join(other, "model.safetensors"), bytes);
  const { model, known } = await open();
  const subject = await ownSubject({ ...known, weights: await openWeights(await openFolder(other)) });
  expect(subject.check).toMatchObject({
    verdict: "fail",
    reason: expect.stringMatching(/^token \d+ has the log-probability .*, expected /),
  });
  const [row] = await runModelBench([subject], { tests: testsOf([8], [], [0]), repetitions: 1 });
  expect(row).toMatchObject({ verdict: "fail", samples_ns: [] });
  expect(modelTable(row ? [row] : [])).toMatch(/\| +\| fail /);
  model.dispose();
  await rm(other, { recursive: true });
});
