import { describe, expect, test } from "vitest";
import { noToken, sample } from "../../src/kernels/sampling/sample.ts";
import { packSettings, type SamplingSettings } from "../../src/kernels/sampling/settings.ts";
import { Tensor, tensor } from "../../src/tensor/tensor.ts";
import { expectedToken, isNearTie, runSample, type SampleRow, untouched } from "../cases/sample.ts";
import { testGpu } from "../support/gpu.ts";
import { normal, randomSource } from "../support/random.ts";

const gpu = await testGpu();
const minus = Number.NEGATIVE_INFINITY;
const infinite = Number.POSITIVE_INFINITY;

/** Settings of every kind, alone and together. */
const kinds: readonly SamplingSettings[] = [
  {},
  { temperature: 0.7 },
  { temperature: 0 },
  { topK: 40 },
  { topP: 0.9 },
  { minP: 0.05 },
  { temperature: 1.3, topK: 100, topP: 0.8 },
  { temperature: 0.8, topK: 50, topP: 0.95, minP: 0.02 },
  { temperature: 2, topP: 0.5, minP: 0.1 },
];

/** Seeded rows that go round the kinds. */
function rowsOf(count: number, v: number, logits: (row: number) => ArrayLike<number>, first = 0): SampleRow[] {
  const source = randomSource(count + v + first);
  return Array.from({ length: count }, (_, row) => ({
    logits: logits(row),
    settings: kinds[(first + row) % kinds.length] ?? {},
    seed: source.integer(2 ** 32),
    position: source.integer(100_000),
    tokens: 1 + source.integer(3),
  }));
}

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
  test("2,048 draws of 2,048 tokens, all kinds of settings", async () => {
    let nearTies = 0;
    for (let first = 0; first < 2048; first += 64) {
      nearTies += await check(rowsOf(64, 2048, (row) => normal(2048, first + row, 1 + (row % 7)), first));
    }
    expect(nearTies).toBeLessThanOrEqual(2);
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

describe("what leaves one token", () => {
  const logits = normal(2048, 5);
  const largest = logits.indexOf(logits.reduce((a, b) => Math.max(a, b)));

  test.each([{ temperature: 0 }, { topK: 1 }, { topP: 1e-9 }, { topP: 0 }, { minP: 1 }, { temperature: 1e-6 }])(
    "%j is argmax",
    async (settings) => {
      const rows = Array.from({ length: 16 }, (_, seed) => ({ logits, settings, seed }));
      expect((await runSample(gpu, rows)).chosen).toEqual(new Array(16).fill(largest));
    },
  );

  test("temperature 0 takes the first of those that tie, the filters any of them", async () => {
    const tied = [0, 5, 1, 5, 5, -1];
    const drawn = async (settings: SamplingSettings) => {
      const rows = Array.from({ length: 64 }, (_, seed) => ({ logits: tied, settings, seed }));
      return [...new Set((await runSample(gpu, rows)).chosen)].sort();
    };
    expect(await drawn({ temperature: 0 })).toEqual([1]);
    for (const settings of [{ topK: 1 }, { topP: 0.1 }, { minP: 1 }]) expect(await drawn(settings)).toEqual([1, 3, 4]);
  });
});

describe("numbers that are none", () => {
  const drawn = async (logits: readonly number[], settings: SamplingSettings = {}) => {
    const rows = Array.from({ length: 64 }, (_, seed) => ({ logits, settings, seed }));
    return [...new Set((await runSample(gpu, rows)).chosen)].sort();
  };
  const { NaN: nan } = Number;

  test.each(kinds)("%j: NaN and −∞ are never drawn", async (settings) => {
    expect(await drawn([nan, minus, 1, nan, minus], settings)).toEqual([2]);
  });

  test.each(kinds)("%j: nothing above −∞ gives token 0", async (settings) => {
    for (const logits of [[nan], [minus], [nan, nan, nan], [minus, minus], [nan, minus]]) {
      expect(await drawn(logits, settings)).toEqual([0]);
    }
  });

  test("+∞ takes all, and several share it", async () => {
    expect(await drawn([1, infinite, 3e38, minus])).toEqual([1]);
    expect(await drawn([infinite, nan, 3e38, infinite])).toEqual([0, 3]);
    expect(await drawn([infinite, nan, 3e38, infinite], { temperature: 0 })).toEqual([0]);
    expect(await drawn([1, infinite, 3e38, minus], { topP: 0.9, topK: 3 })).toEqual([1]);
  });

  test("the ends of f32", async () => {
    expect(await drawn([3e38, -3e38, 0], { temperature: 0.01 })).toEqual([0]);
    expect(await drawn([1e-40, 2e-40, 0], { temperature: 0 })).toEqual([1]);
  });
});

describe("the batch", () => {
  test("finished rows stay as they are, also between others and with counts", async () => {
    const logits = normal(100, 8);
    const rows: SampleRow[] = [0, 1, 2, 3, 4].map((seed) => ({
      logits,
      settings: { topP: 0.9, topK: 20 },
      seed,
      position: 10 + seed,
      tokens: seed % 2 ? 0 : 2,
    }));
    const counts = Uint32Array.from({ length: 500 }, (_, i) => (i % 5) * 2 ** 29);
    const result = await runSample(gpu, rows, counts);
    const expected = rows.map((row) => (row.tokens ? expectedToken(row) : noToken));
    expect(result.chosen).toEqual(expected);
    for (const [index, id] of expected.entries()) {
      const live = id !== noToken;
      expect(result.step[index]).toEqual(live ? [12 + index, 1, id, index] : [10 + index, 0, untouched, index]);
      if (live) counts[index * 100 + id] = (counts[index * 100 + id] ?? 0) + 1;
    }
    expect(result.counts).toEqual([...counts]);
  });

  test("a row draws the same alone, in any place and without optional features", async () => {
    const rows = rowsOf(64, 999, (row) => normal(999, row));
    const { chosen } = await runSample(gpu, rows);
    expect((await runSample(gpu, rows.toReversed())).chosen.reverse()).toEqual(chosen);
    for (const index of [0, 17, 63]) {
      expect((await runSample(gpu, rows.slice(index, index + 1))).chosen).toEqual([chosen[index]]);
    }
    const plain = await testGpu({ features: [] });
    expect((await runSample(plain, rows)).chosen).toEqual(chosen);
  });

  test("writes nothing outside of chosen", async () => {
    const frame = tensor(gpu, [64 + 3 + 64], new Uint32Array(131).fill(7), "u32");
    const tensors = {
      logits: tensor(gpu, [3, 50], normal(150, 1)),
      settings: tensor(gpu, [64, 8], packSettings([])),
      step: tensor(gpu, [64, 4], new Uint32Array(256).fill(1), "u32"),
    };
    const into = { chosen: new Tensor(gpu, [3], "u32", frame.segments, undefined, 64) };
    const { chosen } = sample(gpu, tensors, { into });
    expect(Math.max(...(await chosen.read()))).toBeLessThan(50);
    const words = [...(await frame.read())];
    expect([...words.slice(0, 64), ...words.slice(67)]).toEqual(new Array(128).fill(7));
  });

  test("refuses more rows or tokens than it can take, and settings outside their range", () => {
    const rest = {
      settings: tensor(gpu, [64, 8], packSettings([])),
      step: tensor(gpu, [64, 4], new Uint32Array(256), "u32"),
    };
    const zeros = (b: number, v: number) => tensor(gpu, [b, v], new Float32Array(b * v));
    expect(() => sample(gpu, { logits: zeros(65, 2), ...rest })).toThrow("65 rows, a step has 64");
    expect(() => sample(gpu, { logits: zeros(1, 2 ** 18 + 1), ...rest })).toThrow("262145 tokens in a row");
    expect(() => packSettings(new Array(65).fill({}))).toThrow("65 rows of settings, at most 64");
    expect(() => packSettings([{}, { topP: 1.5 }])).toThrow("topP of row 1 is 1.5, expected 0 to 1");
    expect(() => packSettings([{ topK: 2.5 }])).toThrow("topK of row 0 is 2.5");
    expect(() => packSettings([{ temperature: Number.NaN }])).toThrow("temperature of row 0 is NaN");
    expect(() => packSettings([{ repetition: 0 }])).toThrow("repetition of row 0 is 0, expected more than 0");
  });
});

/** Quantiles of the chi-square distribution, by degrees of freedom. */
const exceededOnceIn1000: Readonly<Record<number, number>> = { 2: 13.82, 4: 18.47, 9: 27.88 };

test.each<[string, SamplingSettings, (p: number[]) => number[]]>([
  ["no filter", {}, (p) => p],
  ["temperature 2", { temperature: 2 }, (p) => p.map(Math.sqrt)],
  ["top-k 5", { topK: 5 }, (p) => p.map((one) => (one >= 0.1 ? one : 0))],
  ["top-p 0.5", { topP: 0.5 }, (p) => p.map((one) => (one >= 0.15 ? one : 0))],
])("4,096 draws of 64 rows over 64 steps follow the distribution: %s", async (_, settings, shape) => {
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
  for (let t = 0; t < 64; t++) sample(gpu, { logits, settings: packed, step, counts });
  expect((await step.read()).subarray(0, 2)).toEqual(Float64Array.of(73, 1));
  const shares = shape(probabilities);
  const total = shares.reduce((sum, share) => sum + share, 0);
  const drawn = await counts.read();
  let statistic = 0;
  for (const [id, share] of shares.entries()) {
    const observed = drawn.filter((__, i) => i % 10 === id).reduce((sum, count) => sum + count, 0);
    const expected = (4096 * share) / total;
    if (share === 0) expect(observed).toBe(0);
    else statistic += (observed - expected) ** 2 / expected;
  }
  console.log(
    `chi-square ${statistic.toFixed(2)}, ${shares.filter((share) => share > 0).length - 1} degrees of freedom`,
  );
  expect(statistic).toBeLessThan(27.9); // exceeded once in 1,000 with 9 degrees of freedom, more rarely with fewer
});
