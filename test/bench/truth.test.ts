import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseHeads } from "../../bench/attention/heads.ts";
import { inputsOf } from "../../bench/attention/inputs.ts";
import { attentionCase } from "../../bench/attention/plan.ts";
import { placesOf, truthOf } from "../../bench/attention/truth.ts";
import { attention } from "../../src/reference/attention.ts";
import { dense } from "../../src/reference/dense.ts";

const key = ({ batch, head, row }: { batch: number; head: number; row: number }) => `${batch} ${head} ${row}`;

describe("the rows that are checked", () => {
  const sizes = fc.record({
    count: fc.integer({ min: 1, max: 5 }),
    t: fc.integer({ min: 1, max: 300 }),
    s: fc.integer({ min: 1, max: 300 }),
    heads: fc.constantFrom("1x4", "7x4", "12x4", "12/4x4", "10/2x4", "5/1x4"),
    budget: fc.integer({ min: 0, max: 1 << 20 }),
  });

  test("are rows that there are, each once, all of them where the budget is enough", () => {
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

test("the truth about rows is that about the whole, wherever the mask cuts the keys", async () => {
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
  // Behind the last key everything is NaN.
  expect(inputs.keys.slice(s * 6, inputs.capacity * 6).every(Number.isNaN)).toBe(true);
});
