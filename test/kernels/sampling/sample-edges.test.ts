import { describe, expect, test } from "vitest";
import {
  expectedToken,
  kinds,
  rowsOf,
  runSample,
  type SampleRow,
  untouched,
} from "../../../src/check/cases/sampling/sample.ts";
import { normal } from "../../../src/check/random.ts";
import { noToken, notFinite, sample, sampleFinite } from "../../../src/kernels/sampling/sample.ts";
import { packSettings, type SamplingSettings } from "../../../src/kernels/sampling/settings.ts";
import { Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";

const gpu = await testGpu();
const minus = Number.NEGATIVE_INFINITY;
const infinite = Number.POSITIVE_INFINITY;

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

test("top-p of two logits that differ but weigh the same", async () => {
  const logits = [-(2 ** -30), 0]; // half of the weight each, up to rounding
  const drawn = async (topP: number) => {
    const rows = Array.from({ length: 64 }, (_, seed) => ({ logits, settings: { topP }, seed }));
    return [...new Set((await runSample(gpu, rows)).chosen)].sort();
  };
  expect(await drawn(0.5 - 2 ** -22)).toEqual([1]);
  expect(await drawn(0.5 + 2 ** -22)).toEqual([0, 1]);
});

describe("numbers that are none", () => {
  const drawn = async (logits: readonly number[], settings: SamplingSettings = {}) => {
    const rows = Array.from({ length: 12 }, (_, seed) => ({ logits, settings, seed }));
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

  test.each(kinds)("%j: checked, a row with one that is not finite gives none and ends", async (settings) => {
    const finite = normal(300, 9);
    const last = (value: number) => finite.map((logit, i) => (i === 299 ? value : logit));
    const all = [finite, last(Number.NaN), last(infinite), last(minus), last(-3.4e38), last(3.4e38)];
    const rows: SampleRow[] = all.map((logits, seed) => ({ logits, settings, seed, position: 7 }));
    const counts = new Uint32Array(300 * rows.length);
    const result = await runSample(gpu, rows, counts, sampleFinite);
    const expected = rows.map((row, i) => (i >= 1 && i <= 3 ? notFinite : expectedToken(row)));
    expect(result.chosen).toEqual(expected);
    for (const [index, id] of expected.entries()) {
      expect(result.step[index]).toEqual(id === notFinite ? [7, 0, untouched, index] : [8, 1, id, index]);
      if (id !== notFinite) counts[index * 300 + id] = 1;
    }
    expect(result.counts).toEqual([...counts]);
  });

  test.each(kinds)("%j: restricted, −∞ is a token that may not come next, NaN and +∞ are noticed", async (settings) => {
    const some = normal(300, 9).map((logit, i) => (i % 3 === 0 ? minus : logit));
    const last = (value: number) => some.map((logit, i) => (i === 299 ? value : logit));
    const all = [some, last(Number.NaN), last(infinite), last(minus)];
    const rows: SampleRow[] = all.map((logits, seed) => ({ logits, settings, seed, position: 7 }));
    const draw = (...[device, tensors]: Parameters<typeof sampleFinite>) =>
      sampleFinite(device, tensors, { restricted: true });
    const { chosen } = await runSample(gpu, rows, undefined, draw);
    expect(chosen).toEqual(rows.map((row, i) => (i === 1 || i === 2 ? notFinite : expectedToken(row))));
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
    expect(() => packSettings([{}, { topP: 1.5 }])).toThrow("rows[1].topP is 1.5, expected a number from 0 to 1");
    expect(() => packSettings([{ topK: 2.5 }])).toThrow("rows[0].topK is 2.5");
    expect(() => packSettings([{ temperature: Number.NaN }])).toThrow("rows[0].temperature is NaN");
    expect(() => packSettings([{ repetition: 0 }])).toThrow("rows[0].repetition is 0, expected more than 0");
  });
});
