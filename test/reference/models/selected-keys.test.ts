// Selections of keys, and attention over them: against attention with masks and against sums by hand.
import { describe, expect, test } from "vitest";
import { normal } from "../../../src/check/random.ts";
import { attention } from "../../../src/reference/attention/attention.ts";
import { causal } from "../../../src/reference/attention/masks.ts";
import {
  indexScores,
  noKey,
  routeBlocks,
  selectedAttention,
  selectKeys,
} from "../../../src/reference/attention/selected-keys.ts";
import { dense, sizeOf } from "../../../src/reference/dense.ts";

const random = (shape: readonly number[], seed: number) => dense(shape, normal(sizeOf(shape), seed));
const inf = Number.POSITIVE_INFINITY;
const [b, h, g, t, s, d, dv] = [2, 4, 2, 5, 9, 4, 3];
const tensors = { q: random([b, h, t, d], 1), k: random([b, g, s, d], 2), v: random([b, g, s, dv], 3) };

describe("indexScores", () => {
  test("weights of products that are above 0, and −∞ after the query", () => {
    const q = dense([1, 2, 2, 1], [1, 2, -1, 3]);
    const k = dense([1, 3, 1], [1, -2, 5]);
    const weights = dense([1, 2, 2], [10, 100, -1, 1]);
    const { scores } = indexScores({ q, k, weights });
    expect([...scores.values]).toEqual([10, 200, -inf, 1, 0, 5]);
  });

  test("shapes that do not fit are refused", () => {
    const [q, k] = [dense([1, 2, 2, 1]), dense([1, 3, 1])];
    expect(() => indexScores({ q, k, weights: dense([1, 2, 3]) })).toThrow(RangeError);
  });
});

describe("selectKeys", () => {
  const rows = [
    [1, 3, 3, 2, 3],
    [0, -0, 0, 0, 0],
    [-inf, 2, Number.NaN, -5, -inf],
    [-inf, -inf, -inf, -inf, -inf],
  ];
  const scores = dense([4, 5], rows.flat());

  test("the largest in ascending order, of equal ones the first; neither −∞ nor NaN", () => {
    const { indices } = selectKeys({ scores }, { count: 3 });
    expect([...indices.values]).toEqual([1, 2, 4, 0, 1, 2, 1, 3, noKey, noKey, noKey, noKey]);
    expect([...selectKeys({ scores }, { count: 2 }).indices.values]).toEqual([1, 2, 0, 1, 1, 3, noKey, noKey]);
  });

  test("a count that is no number of keys is refused", () => {
    expect(() => selectKeys({ scores }, { count: 0 })).toThrow("count");
  });
});

describe("selectedAttention", () => {
  test("as many keys as there are give dense attention in every bit", () => {
    const scores = indexScores({ q: random([b, 3, t, 2], 4), k: random([b, s, 2], 5), weights: random([b, t, 3], 6) });
    const { indices } = selectKeys(scores, { count: s + 2 });
    const found = selectedAttention({ ...tensors, indices: dense([b, 1, t, s + 2], indices.values) });
    expect(found).toEqual(attention(tensors, { mask: causal }));
  });

  test("each head has the keys of its indices, in any order; none gives zeros", () => {
    const rows = Array.from({ length: b * g * t }, (_, row) =>
      row === 7 ? [noKey, noKey, noKey] : [s - t + (row % t), noKey, row % 3],
    );
    const found = selectedAttention({ ...tensors, indices: dense([b, g, t, 3], rows.flat()) });
    const mask = (batch: number, head: number, query: number, key: number) =>
      rows[(batch * g + Math.floor(head / 2)) * t + query - (s - t)]?.includes(key) ?? false;
    expect(found).toEqual(attention(tensors, { mask }));
    const empty = 2 * t + 2; // row 7 is of heads 2 and 3, token 2
    expect([...found.out.values.subarray(empty * dv, (empty + 1) * dv)]).toEqual([0, 0, 0]);
    expect(found.lse.values[empty]).toBe(-inf);
  });

  test("keys that are not selected may be NaN; no key is not key 0", () => {
    const k = dense(tensors.k.shape, tensors.k.values);
    for (let head = 0; head < b * g; head++) k.values.fill(Number.NaN, head * s * d, head * s * d + d);
    const indices = dense(
      [b, 1, t, 2],
      new Float64Array(b * t * 2).map((_, i) => (i % 2 ? noKey : 3)),
    );
    const found = selectedAttention({ ...tensors, k, indices });
    expect([...found.out.values].every(Number.isFinite)).toBe(true);
  });

  test("an index after the query, beyond the keys, twice or between two is refused", () => {
    const wrong = [
      [s - t + 1, 0],
      [2, 2],
      [0.5, 0],
      [-1, 0],
    ];
    for (const row of wrong) {
      const indices = dense([b, 1, t, 2], new Float64Array(b * t * 2).fill(noKey));
      indices.values.set(row);
      expect(() => selectedAttention({ ...tensors, indices }), String(row)).toThrow("index");
    }
    const far = dense([b, 1, t, 1], new Float64Array(b * t).fill(s));
    expect(() => selectedAttention({ ...tensors, indices: far }, { start: 2 * s })).toThrow(`index ${s}`);
  });
});

describe("routeBlocks", () => {
  test("the own block counts and is always in, later ones never; others by the mean of their keys", () => {
    const q = dense([1, 1, 2, 1], [1, -1]);
    const k = dense([1, 1, 7, 1], [1, 3, 9, -1, 5, 1, 0]);
    const { gates, indices } = routeBlocks({ q, k }, { block: 2, count: 2, start: 4 });
    expect([...gates.values]).toEqual([2, 4, inf, -inf, -2, -4, inf, -inf]);
    expect([...indices.values]).toEqual([1, 2, 0, 2]);
  });

  test("all blocks give causal attention in every bit; one gives chunks up to the query", () => {
    const routed = (count: number) => {
      const { indices } = routeBlocks({ q: tensors.q, k: tensors.k }, { block: 4, count });
      return selectedAttention({ ...tensors, indices }, { block: 4 });
    };
    expect(routed(3)).toEqual(attention(tensors, { mask: causal }));
    const chunk = (_b: number, _h: number, query: number, key: number) =>
      key <= query && Math.floor(key / 4) === Math.floor(query / 4);
    expect(routed(1)).toEqual(attention(tensors, { mask: chunk }));
  });
});
