import { describe, expect, test } from "vitest";
import {
  expectedToken,
  isNearTie,
  rowsOf,
  runSample,
  type SampleRow,
  untouched,
} from "../../../src/check/cases/sampling/sample.ts";
import { normal } from "../../../src/check/random.ts";
import { sample } from "../../../src/kernels/sampling/sample.ts";
import { packSettings, type SamplingSettings } from "../../../src/kernels/sampling/settings.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";

const gpu = await testGpu();
const minus = Number.NEGATIVE_INFINITY;

/** Draws the rows, 64 at a time; every token must be the reference's or a near-tie. Returns how many are near-ties. */
async function check(rows: readonly SampleRow[]): Promise<number> {
  let nearTies = 0;
  for (let first = 0; first < rows.length; first += 64) {
    const batch = rows.slice(first, first + 64);
    const { chosen, step } = await runSample(gpu, batch);
    for (const [index, row] of batch.entries()) {
      const { settings, seed, position = 0, tokens = 1 } = row;
      const id = chosen[index] ?? -1;
      expect(step[index]).toEqual([position + tokens, 1, id, seed]);
      const expected = expectedToken(row);
      if (id === expected) continue;
      const what = `row ${first + index}, ${JSON.stringify(settings)}: drew ${id}, expected ${expected}`;
      expect(isNearTie(row, id), what).toBe(true);
      console.log(`near-tie: ${what}`);
      nearTies++;
    }
    expect(step.slice(batch.length).flat()).toEqual(new Array((64 - batch.length) * 4).fill(untouched));
  }
  return nearTies;
}

describe("tokens are the float64 reference's", () => {
  test("1,024 draws of 2,048 tokens, all kinds of settings", async () => {
    let nearTies = 0;
    for (let first = 0; first < 1024; first += 64) {
      nearTies += await check(rowsOf(64, 2048, (row) => normal(2048, first + row, 1 + (row % 7)), first));
    }
    expect(nearTies).toBeLessThanOrEqual(1);
  });

  test.each([1, 2, 7, 255, 256, 257, 65_536, 65_537])("%i tokens", async (v) => {
    expect(await check(rowsOf(v > 1000 ? 18 : 64, v, (row) => normal(v, row, 2)))).toBe(0);
  });

  test("151,936 tokens, the vocabulary of Qwen3", async () => {
    expect(await check(rowsOf(18, 151_936, (row) => normal(151_936, row, 4)))).toBeLessThanOrEqual(1);
  });

  test("262,144 tokens, the most there may be, all equal: every sum of weights fits", async () => {
    const logits = new Float32Array(2 ** 18);
    const seeds = [1, 2, 3, 4].map((seed) => ({ logits, settings: {}, seed }));
    expect(await check([...seeds, { logits, settings: { topP: 0.5, topK: 10 }, seed: 5 }])).toBe(0);
  });

  test("ties, all equal, one dominant", async () => {
    const eighths = (row: number) => normal(500, row).map((value) => Math.round(value * 8) / 8);
    expect(await check(rowsOf(64, 500, eighths))).toBe(0);
    expect(await check(rowsOf(64, 333, () => new Float64Array(333).fill(-7)))).toBe(0);
    const dominant = (row: number) => normal(333, row).fill(60, row, row + 1);
    expect(await check(rowsOf(64, 333, dominant))).toBe(0);
  });

  test("temperatures 0.01 and 100, and masked tokens", async () => {
    for (const temperature of [0.01, 100]) {
      const rows = rowsOf(64, 700, (row) => normal(700, row).map((value, i) => (i % 3 === row % 3 ? value : minus)));
      const hot = rows.map((row) => ({ ...row, settings: { ...row.settings, temperature } }));
      expect(await check(hot)).toBeLessThanOrEqual(1);
      const { chosen } = await runSample(gpu, hot);
      expect(chosen.map((id) => id % 3)).toEqual(hot.map((_, row) => row % 3));
    }
  });

  test("top-k at and above the number of tokens keeps all", async () => {
    const rows = [5, 6, 7, 8, 2 ** 24 - 1].flatMap((topK) =>
      Array.from({ length: 12 }, (_, seed) => ({ logits: normal(7, 3), settings: { topK }, seed })),
    );
    expect(await check(rows)).toBe(0);
  });
});

test("the bound for near-ties takes the reference's token and no other", () => {
  for (const row of rowsOf(18, 300, (index) => normal(300, index, 2))) {
    const ids = Array.from({ length: 300 }, (_, id) => id).filter((id) =>
      row.settings.temperature === 0 ? id === expectedToken(row) : isNearTie(row, id),
    );
    expect(ids).toEqual([expectedToken(row)]);
  }
});

/** Quantiles of the chi-square distribution, by degrees of freedom. */
const exceededOnceIn1000: Readonly<Record<number, number>> = { 2: 13.82, 4: 18.47, 9: 27.88 };

test.each<[string, SamplingSettings, (p: number[]) => number[]]>([
  ["no filter", {}, (p) => p],
  ["temperature 2", { temperature: 2 }, (p) => p.map(Math.sqrt)],
  ["top-k 5", { topK: 5 }, (p) => p.map((one) => (one >= 0.1 ? one : 0))],
  ["top-p 0.5", { topP: 0.5 }, (p) => p.map((one) => (one >= 0.15 ? one : 0))],
])("2,048 draws of 64 rows over 32 steps follow the distribution: %s", async (_, settings, shape) => {
  const probabilities = [0.02, 0.2, 0.05, 0.1, 0.13, 0.03, 0.25, 0.01, 0.04, 0.17];
  const logits = tensor(gpu, [64, 10], Array.from({ length: 64 }, () => probabilities.map(Math.log)).flat());
  const packed = tensor(gpu, [64, 8], packSettings(new Array(64).fill(settings)));
  const step = tensor(
    gpu,
    [64, 4],
    Uint32Array.from({ length: 256 }, (__, i) => [9, 1, 0, i >> 2][i % 4] ?? 0),
    "u32",
  );
  const counts = tensor(gpu, [64, 10], new Uint32Array(640), "u32");
  for (let t = 0; t < 32; t++) sample(gpu, { logits, settings: packed, step, counts });
  expect((await step.read()).subarray(0, 2)).toEqual(Float64Array.of(41, 1));
  const shares = shape(probabilities);
  const total = shares.reduce((sum, share) => sum + share, 0);
  const drawn = await counts.read();
  let statistic = 0;
  for (const [id, share] of shares.entries()) {
    const observed = drawn.filter((__, i) => i % 10 === id).reduce((sum, count) => sum + count, 0);
    const expected = (2048 * share) / total;
    if (share === 0) expect(observed).toBe(0);
    else statistic += (observed - expected) ** 2 / expected;
  }
  expect(statistic).toBeLessThan(exceededOnceIn1000[shares.filter((share) => share > 0).length - 1] ?? 0);
});
