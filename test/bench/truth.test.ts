import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { callShapes, prepareCall } from "../../bench/attention/calls.ts";
import { attentionCase } from "../../bench/attention/case.ts";
import { parseHeads } from "../../bench/attention/inputs/heads.ts";
import { inputsOf } from "../../bench/attention/inputs/inputs.ts";
import { latentLayout } from "../../bench/attention/inputs/layouts.ts";
import { placesOf, truthOf } from "../../bench/attention/truth.ts";
import { attention } from "../../src/reference/attention/attention.ts";
import { linearAttention } from "../../src/reference/attention/linear-attention.ts";
import { dense } from "../../src/reference/dense.ts";
import { latentAttention } from "../../src/reference/models/latent-attention.ts";

const key = ({ batch, head, row }: { batch: number; head: number; row: number }) => `${batch} ${head} ${row}`;

describe("the rows that are checked", () => {
  const sizes = fc.record({
    count: fc.integer({ min: 1, max: 5 }),
    t: fc.integer({ min: 1, max: 300 }),
    s: fc.integer({ min: 1, max: 300 }),
    heads: fc.constantFrom("1x4", "7x4", "12x4", "12/4x4", "10/2x4", "5/1x4"),
    budget: fc.integer({ min: 0, max: 1 << 20 }),
  });

  test("are distinct rows of the result, all of them where the budget is enough", () => {
    fc.assert(
      fc.property(sizes, ({ count, t, s, heads, budget }) => {
        const { h } = parseHeads(heads);
        const places = placesOf({ count, t, s }, parseHeads(heads), budget);
        for (const { batch, head, row } of places) {
          expect(batch >= 0 && batch < count && head >= 0 && head < h && row >= 0 && row < t).toBe(true);
        }
        expect(new Set(places.map(key)).size).toBe(places.length);
        const affordable = Math.floor(budget / (s * 8));
        if (affordable >= count * h * t) expect(places).toHaveLength(count * h * t);
        else expect(places.length).toBeLessThanOrEqual(Math.max(affordable, 8));
      }),
    );
  });

  test("a sample is the same every time, begins with the first and the last row, and has heads of all groups", () => {
    const sample = () => placesOf({ count: 1, t: 4096, s: 4096 }, parseHeads("32/8x128"));
    expect(sample()).toEqual(sample());
    const places = sample();
    expect(places.length).toBeLessThan(4096);
    expect(places.slice(0, 2).map(({ row }) => row)).toEqual([0, 4095]);
    expect(new Set(places.slice(0, 8).map(({ head }) => Math.floor(head / 4))).size).toBe(8);
  });
});

test("true values of rows are those of the whole result, wherever the mask cuts the keys", async () => {
  const given = attentionCase({ batch: "2q7s11", heads: "4/2x6-5", mask: "sliding-window:3", score: "softcap:2" });
  const [group] = given.batch.groups;
  if (!group) throw new Error("there is no group");
  const { heads } = given;
  const inputs = inputsOf(group, heads);
  const { places, of, expected, emulated } = await truthOf(given, group, inputs);
  expect([places.length, of]).toEqual([2 * 4 * 7, 2 * 4 * 7]);

  const [b, t, s, h, g] = [2, 7, 11, 4, 2];
  const q = dense(
    [b, h, t, 6],
    Array.from({ length: b * h * t * 6 }, (_, i) => {
      const [batch, head, row, column] = [
        Math.floor(i / (h * t * 6)),
        Math.floor(i / (t * 6)) % h,
        Math.floor(i / 6) % t,
        i % 6,
      ];
      return inputs.q[((batch * t + row) * h + head) * 6 + column] ?? Number.NaN;
    }),
  );
  const cache = (values: Float32Array, width: number) =>
    dense(
      [b, g, s, width],
      Array.from({ length: b * g * s * width }, (_, i) => {
        const [place, rest] = [Math.floor(i / (s * width)), i % (s * width)];
        return values[place * inputs.capacity * width + rest] ?? Number.NaN;
      }),
    );
  const { out } = attention(
    { q, k: cache(inputs.keys, 6), v: cache(inputs.values, 5) },
    { mask: (_b, _h, query, at) => at <= query && query - at < 3, score: (value) => 2 * Math.tanh(value / 2) },
  );
  for (const [i, { batch, head, row }] of places.entries()) {
    const first = ((batch * h + head) * t + row) * 5;
    expect([...expected.slice(5 * i, 5 * i + 5)]).toEqual([...out.values.slice(first, first + 5)]);
  }
  const errors = emulated.map((value, i) => Math.abs(value - (expected[i] ?? Number.NaN)));
  expect(Math.max(...errors)).toBeGreaterThan(0);
  expect(Math.max(...errors)).toBeLessThan(1e-5);
  // After the last key everything is NaN.
  expect(inputs.keys.slice(s * 6, inputs.capacity * 6).every(Number.isNaN)).toBe(true);
});

test("true values of linear attention and of latents are those of their references", async () => {
  const linear = attentionCase({ batch: "2q3s7", heads: "4/2x6-5" });
  const [group = { count: 1, t: 1, s: 1 }] = linear.batch.groups;
  const inputs = inputsOf(group, linear.heads);
  const made = await truthOf(linear, group, inputs, "linear");
  const [place = { batch: 0, head: 0, row: 0 }] = made.places.filter(
    ({ batch, head, row }) => batch === 1 && head === 3 && row === 1,
  );
  const own = (values: Float32Array, width: number) =>
    dense([1, 1, 6, width], values.subarray(3 * inputs.capacity * width).subarray(0, 6 * width));
  const q = dense([1, 1, 1, 6], inputs.q.subarray(((3 + 1) * 4 + 3) * 6).subarray(0, 6));
  const expected = linearAttention({ q, k: own(inputs.keys, 6), v: own(inputs.values, 5) }, { mask: "full" });
  const at = made.places.indexOf(place) * 5;
  expect([...made.expected.subarray(at, at + 5)]).toEqual([...expected.out.values]);

  const latent = {
    ...attentionCase({ batch: "2q3s7", heads: "3x6-5" }),
    latent: { rank: 8, rope: 2 },
    layout: latentLayout,
  };
  const [shape = { groups: [], tensors: {} }] = callShapes(latent);
  const { numbers, elements } = prepareCall(latent, shape);
  const [own0] = numbers;
  if (!own0) throw new Error("there are no numbers");
  const truth = await truthOf(latent, group, own0);
  const whole = latentAttention(
    {
      q: dense(
        [2, 3, 3, 6],
        Array.from({ length: 108 }, (_, i) => {
          const [b, h, t, j] = [Math.floor(i / 54), Math.floor(i / 18) % 3, Math.floor(i / 6) % 3, i % 6];
          return own0.q[((b * 3 + t) * 3 + h) * 6 + j] ?? Number.NaN;
        }),
      ),
      latents: dense([2, 7, 10], elements["latents"] ?? []),
      weight: dense([27, 8], elements["weight"] ?? []),
    },
    { rope: 2 },
  );
  expect(truth.places).toHaveLength(18);
  for (const [i, { batch, head, row }] of truth.places.entries()) {
    const first = ((batch * 3 + head) * 3 + row) * 5;
    for (let j = 0; j < 5; j++) expect(truth.expected[5 * i + j]).toBeCloseTo(whole.out.values[first + j] ?? 0, 14);
  }
});
