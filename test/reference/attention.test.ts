import { describe, expect, it } from "vitest";
import { type AttentionOptions, attention } from "../../src/reference/attention/attention.ts";
import { causal, masks } from "../../src/reference/attention/masks.ts";
import { type Dense, dense } from "../../src/reference/dense.ts";
import { concat, slice } from "../../src/reference/layout.ts";
import { draw, expectClose, generator } from "./compare.ts";
import torch from "./torch.json" with { type: "json" };

/** q, k and v of spread-out values; 3 query heads a key head, cache longer than the queries. */
function inputs({ b = 2, h = 6, g = 2, t = 3, s = 7, d = 4, dv = 5 } = {}) {
  const next = generator(9);
  return { q: draw(next, [b, h, t, d], 6), k: draw(next, [b, g, s, d], 6), v: draw(next, [b, g, s, dv], 6) };
}

const keysOf = (x: Dense, start: number, end: number): Dense => slice({ x }, { axis: 2, start, end }).y;

describe("attention", () => {
  it.each(torch.attention)("equals PyTorch's in float64: $h/$g heads, $t of $s, window $window", (fixture) => {
    const { b, h, g, t, s, d, dv, window } = fixture;
    const next = generator(fixture.seed);
    const q = draw(next, [b, h, t, d], 6);
    const k = draw(next, [b, g, s, d], 6);
    const v = draw(next, [b, g, s, dv], 6);
    const { out, lse } = attention({ q, k, v }, { mask: window ? masks["sliding-window"]({ keys: window }) : causal });
    expectClose(out, fixture.out);
    expectClose(lse, fixture.lse);
  });

  it("constant values come out as they are", () => {
    const { q, k, v } = inputs();
    const { out } = attention(
      {
        q,
        k,
        v: dense(
          v.shape,
          v.values.map(() => 2.5),
        ),
      },
      { mask: causal },
    );
    expectClose(out, new Float64Array(out.values.length).fill(2.5));
  });

  it("a zero query takes the mean of the visible values, and counts them in lse", () => {
    const { k, v } = inputs({ b: 1, h: 1, g: 1, t: 2, s: 5, dv: 1 });
    const { out, lse } = attention({ q: dense([1, 1, 2, 4]), k, v }, { mask: causal });
    const mean = (n: number) => v.values.slice(0, n).reduce((sum, value) => sum + value, 0) / n;
    expectClose(out, [mean(4), mean(5)]);
    expectClose(lse, [Math.log(4), Math.log(5)]);
  });

  it("one visible key gives its value exactly, and its score as lse", () => {
    const { q, k, v } = inputs({ b: 1, h: 1, g: 1, t: 1, s: 5 });
    const { out, lse } = attention({ q, k, v }, { mask: (_b, _h, _q, key) => key === 3 });
    expect([...out.values]).toEqual([...keysOf(v, 3, 4).values]);
    const dot = q.values.reduce((sum, value, j) => sum + value * (keysOf(k, 3, 4).values[j] ?? 0), 0);
    expectClose(lse, [dot / 2]); // √4
  });

  it("one-hot values read the weights: query head i uses key head floor(i / ratio)", () => {
    const { q, k } = inputs({ b: 1, h: 6, g: 2, t: 1, s: 3 });
    const v = dense([1, 2, 3, 1], [0, 0, 0, 1, 1, 1]);
    expect([...attention({ q, k, v }).out.values].map(Math.round)).toEqual([0, 0, 0, 1, 1, 1]);
  });

  it("permuting keys, values and mask together changes nothing", () => {
    const { q, k, v } = inputs();
    const order = [3, 0, 6, 1, 5, 2, 4];
    const permuted = (x: Dense): Dense =>
      concat(Object.fromEntries(order.map((key, i) => [`key${i}`, keysOf(x, key, key + 1)])), { axis: 2 }).y;
    const straight = attention({ q, k, v }, { mask: causal });
    const mask = (b: number, h: number, query: number, key: number) => causal(b, h, query, order[key] ?? -1);
    const shuffled = attention({ q, k: permuted(k), v: permuted(v) }, { mask });
    expectClose(shuffled.out, straight.out.values);
    expectClose(shuffled.lse, straight.lse.values);
  });

  it("a constant added to all scores shifts lse alone", () => {
    const straight = attention(inputs(), { mask: causal });
    const shifted = attention(inputs(), { mask: causal, score: (score) => score + 300 });
    expectClose(shifted.out, straight.out.values, 1e-11);
    expectClose(
      shifted.lse,
      straight.lse.values.map((value) => value + 300),
    );
  });

  it.each([1, 3, 6])("splitting the keys after %d and merging by lse gives the whole", (cut) => {
    const { q, k, v } = inputs();
    const options: AttentionOptions = { mask: masks["sliding-window"]({ keys: 5 }), start: 4 };
    const whole = attention({ q, k, v }, options);
    const left = attention({ q, k: keysOf(k, 0, cut), v: keysOf(v, 0, cut) }, options);
    const mask = (b: number, h: number, query: number, key: number) =>
      masks["sliding-window"]({ keys: 5 })(b, h, query, key + cut);
    const right = attention({ q, k: keysOf(k, cut, 7), v: keysOf(v, cut, 7) }, { mask, start: 4 });
    const lse = whole.lse.values.map((_, row) => {
      const [a, b] = [left.lse.values[row] ?? 0, right.lse.values[row] ?? 0];
      return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
    });
    expectClose(whole.lse, lse);
    const out = whole.out.values.map((_, i) => {
      const row = Math.floor(i / 5);
      const share = (part: typeof left) => Math.exp((part.lse.values[row] ?? 0) - (lse[row] ?? 0));
      return share(left) * (left.out.values[i] ?? 0) + share(right) * (right.out.values[i] ?? 0);
    });
    expectClose(whole.out, out);
  });

  it("score and mask see absolute positions, after scaling and per head", () => {
    const { q, k, v } = inputs({ b: 1, h: 2, g: 1, t: 2, s: 3 });
    const seen: number[][] = [];
    const score = (value: number, b: number, h: number, query: number, key: number) => {
      seen.push([b, h, query, key]);
      return value;
    };
    attention({ q, k, v }, { mask: causal, score });
    expect(seen).toEqual(
      [0, 1].flatMap((h) =>
        [
          [1, 0],
          [1, 1],
          [2, 0],
          [2, 1],
          [2, 2],
        ].map((pair) => [0, h, ...pair]),
      ),
    );
    const doubled = attention({ q, k, v }, { scale: 1 });
    const scaled = attention({ q, k, v }, { scale: 0.5, score: (value) => 2 * value });
    expectClose(scaled.out, doubled.out.values);
  });

  it("a row without a visible key gives zeros and −∞; so do scores of −∞", () => {
    const { q, k, v } = inputs({ b: 1, h: 1, g: 1, t: 3, s: 2, dv: 1 });
    const { out, lse } = attention({ q, k, v }, { mask: causal }); // the first query is before the first key
    expect(out.values[0]).toBe(0);
    expect(lse.values[0]).toBe(Number.NEGATIVE_INFINITY);
    expect(out.values[1]).toBe(v.values[0]);
    const none = attention({ q, k, v }, { score: () => Number.NEGATIVE_INFINITY });
    expect([...none.out.values, ...none.lse.values]).toEqual([0, 0, 0, ...new Array(3).fill(Number.NEGATIVE_INFINITY)]);
  });

  it("lengths and starts per batch row; keys beyond are never read", () => {
    const { q, k, v } = inputs({ b: 2, t: 2, s: 7 });
    const rowOf = (x: Dense, row: number): Dense => slice({ x }, { axis: 0, start: row, end: row + 1 }).y;
    const lengths = [4, 6];
    const poisoned = (x: Dense): Dense => {
      const values = x.values.map((value, i) => {
        const width = x.shape[3] ?? 0;
        const [row, key] = [Math.floor(i / (2 * 7 * width)), Math.floor(i / width) % 7];
        return key < (lengths[row] ?? 0) ? value : Number.NaN;
      });
      return dense(x.shape, values);
    };
    const both = attention({ q, k: poisoned(k), v: poisoned(v) }, { mask: causal, length: lengths, start: [1, 4] });
    for (const [row, [length, start]] of [
      [4, 1],
      [6, 4],
    ].entries()) {
      const alone = {
        q: rowOf(q, row),
        k: keysOf(rowOf(k, row), 0, length ?? 0),
        v: keysOf(rowOf(v, row), 0, length ?? 0),
      };
      const { out, lse } = attention(alone, { mask: causal, start: start ?? 0 });
      expect(rowOf(both.out, row)).toEqual(out);
      expect(rowOf(both.lse, row)).toEqual(lse);
    }
    const bottomRight = { mask: causal, length: lengths, start: [2, 4] }; // the last query at the last key
    expect(attention({ q, k, v }, { mask: causal, length: lengths })).toEqual(attention({ q, k, v }, bottomRight));
    const open = attention({ q, k: poisoned(k), v: poisoned(v) }, { length: 4 });
    expect(open).toEqual(attention({ q, k: keysOf(k, 0, 4), v: keysOf(v, 0, 4) }));
    expect(() => attention({ q, k, v }, { length: 8 })).toThrow("length 8 of batch row 0, but k has 7 rows");
    expect(() => attention({ q, k, v }, { length: [7] })).toThrow("row 1 has no value");
  });

  it("NaN reaches the queries that see it and no others", () => {
    const { q, k, v } = inputs({ b: 1, h: 1, g: 1, t: 3, s: 3, dv: 1 });
    k.values[4] = Number.NaN; // key 1
    const { out, lse } = attention({ q, k, v }, { mask: causal });
    expect([...out.values].map(Number.isNaN)).toEqual([false, true, true]);
    expect([...lse.values].map(Number.isNaN)).toEqual([false, true, true]);
  });

  it("names what does not fit", () => {
    const { q, k, v } = inputs();
    expect(() => attention({ q, k: dense([2, 2, 7, 3]), v })).toThrow("expected [b, g, s, d] with d = 4 (from q)");
    expect(() => attention({ q: dense([2, 5, 3, 4]), k, v })).toThrow("5 query heads (q) do not divide among 2");
  });
});
