// A pass over a model's own calls on the default adapter, and a second start that uses what it stored.
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { programReports } from "../../../src/cli/inspect/program-report.ts";
import { compareChoices } from "../../../src/generate/tuning/compare-choices.ts";
import { loadModel, openGpu, tune, useTuned } from "../../../src/index.ts";
import { tunedRows, useRows } from "../../../src/tune/tuned.ts";
import { bundledModel, goldenPrompts } from "../../support/bundled.ts";

const folder = await mkdtemp(join(tmpdir(), "shaderformer-tuning-"));
const gpu = await openGpu(); // choices are a device's: not one that other files use
const model = await loadModel(gpu, bundledModel);
afterAll(async () => {
  model.dispose();
  gpu.close();
  await rm(folder, { recursive: true, force: true });
});

/** Ops of several variants in the model's programs. */
const ops = new Set(["projection", "matmul", "attention", "appendRotated", "norm/rms-norm"]);

const reasons = () => {
  const { prefill, decode } = programReports(model, 16);
  return { prefill: prefill.calls, decode: decode.calls };
};

test("without measurements, each call with variants says which row of the table it follows, or what refuses", () => {
  const { prefill, decode } = reasons();
  const several = [...prefill, ...decode].filter(({ op }) => ops.has(op));
  expect(several.length).toBeGreaterThan(20);
  expect(several.filter(({ why }) => why === undefined)).toEqual([]);
  expect(decode.find(({ op }) => op === "projection")?.why).toMatch(/^projection: .+/);
  expect(prefill.find(({ op }) => op === "matmul")?.why).toMatch(/not vector: x has 16 rows/);
  expect(prefill.filter(({ op, variant, why }) => op === variant && why !== undefined)).toEqual([]);
});

test("a pass measures the step's calls first, stores them, and the text stays the same", async () => {
  const [{ prompt, greedyText } = { prompt: "", greedyText: "" }] = goldenPrompts;
  const stop = new AbortController();
  const keys: string[] = [];
  const measured = await tune(gpu, {
    model,
    folder,
    budget: 60_000,
    signal: stop.signal,
    onProgress: ({ key, done }) => {
      keys.push(key);
      if (done === 6) stop.abort();
    },
  });
  expect(measured).toMatchObject({ aborted: true, stored: true });
  expect(measured.rows.map(({ key }) => key)).toEqual(keys.slice(0, measured.rows.length));
  expect(measured.rows.length).toBeGreaterThan(0);
  expect(measured.left).toBeGreaterThan(5);
  for (const { variants } of measured.rows) {
    expect(variants.filter(({ reason }) => reason?.startsWith("wrong"))).toEqual([]);
    expect(variants.filter(({ ms }) => ms !== undefined).length).toBeGreaterThan(1);
  }
  expect(await readdir(folder)).toHaveLength(1);

  useRows(gpu, []);
  expect(await useTuned(gpu, { folder })).toBe(measured.rows.length);
  const why = [...reasons().decode, ...reasons().prefill].flatMap(({ why }) => why ?? []);
  expect(why.some((reason) => /^measured here on \d{4}-\d\d-\d\d: /.test(reason))).toBe(true);
  using session = model.session();
  const { text } = await session.generate(prompt, { temperature: 0, maxTokens: 16 }).result;
  expect(greedyText.startsWith(text)).toBe(true);
});

test("programs are compared in turns, and the device keeps its choices", async () => {
  const before = tunedRows(gpu);
  const stop = new AbortController();
  stop.abort(new Error("enough"));
  await expect(compareChoices(model, { untuned: [], tuned: before }, stop.signal)).rejects.toThrow("enough");
});
