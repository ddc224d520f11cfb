import { describe, expect, it } from "vitest";
import { hadamard } from "../../src/reference/attention/hadamard.ts";
import { append } from "../../src/reference/attention/kv-cache.ts";
import { dense } from "../../src/reference/dense.ts";
import { cosinesAndSines, type RopeLayout, rope } from "../../src/reference/rope.ts";
import { draw, expectClose, generator } from "./compare.ts";

const LAYOUTS: readonly RopeLayout[] = ["halves", "interleaved"];
const table = cosinesAndSines({ theta: 10_000, width: 4, positions: 12 });

describe("rope", () => {
  it("turns a quarter: halves pairs i with i + r/2, interleaved 2i with 2i + 1", () => {
    const quarter = dense([1, 2, 2], [0, 1, 1, 0]); // pair 0 by 90°, pair 1 not at all
    const x = dense([1, 1, 1, 5], [1, 2, 3, 4, 5]);
    expect([...rope({ x, table: quarter }, { layout: "halves" }).y.values]).toEqual([-3, 2, 1, 4, 5]);
    expect([...rope({ x, table: quarter }, { layout: "interleaved" }).y.values]).toEqual([-2, 1, 3, 4, 5]);
  });

  it("the table turns pair i by position · theta^(−2i/r)", () => {
    expect(table.shape).toEqual([12, 2, 2]);
    expectClose(table.values.subarray(0, 4), [1, 0, 1, 0]);
    expectClose(table.values.subarray(4 * 7, 4 * 8), [Math.cos(7), Math.sin(7), Math.cos(0.07), Math.sin(0.07)]);
  });

  it.each(LAYOUTS)("%s: the product of two heads depends on their distance alone", (layout) => {
    const next = generator(3);
    const [q, k] = [draw(next, [1, 1, 1, 6]), draw(next, [1, 1, 1, 6])];
    const product = (p: number, distance: number): number => {
      const a = rope({ x: q, table }, { layout, start: p }).y.values;
      const b = rope({ x: k, table }, { layout, start: p + distance }).y.values;
      return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
    };
    for (const p of [1, 4, 8]) expect(product(p, 3)).toBeCloseTo(product(0, 3), 13);
    expect(product(0, 3)).not.toBeCloseTo(product(0, 2), 3);
  });

  it.each(LAYOUTS)("%s: positions given, and start, are the row of the table", (layout) => {
    const x = draw(generator(4), [2, 3, 2, 4]);
    const positions = dense([2, 3], [5, 6, 7, 5, 6, 7]);
    const given = rope({ x, table, positions }, { layout }).y;
    expect(given).toEqual(rope({ x, table }, { layout, start: 5 }).y);
    expect(given).not.toEqual(rope({ x, table }, { layout }).y);
    const backwards = rope({ x, table, positions: dense([2, 3], [0, 0, 0, 2, 1, 0]) }, { layout }).y;
    expect([...backwards.values.subarray(0, 24)]).toEqual([...x.values.subarray(0, 24)]);
    expect([...backwards.values.subarray(40)]).toEqual([...x.values.subarray(40)]);
    expect(backwards.values[24]).not.toBe(x.values[24]);
  });

  it("refuses positions that the table lacks and tables wider than the head", () => {
    const x = dense([1, 3, 1, 4]);
    expect(() => rope({ x, table }, { layout: "halves", start: 10 })).toThrow(
      "position 12 of token 2, expected 0 to 11",
    );
    const positions = dense([1, 3], [0, 0, -1]);
    expect(() => rope({ x, table, positions }, { layout: "halves" })).toThrow("position -1 of token 2");
    expect(() => rope({ x: dense([1, 1, 1, 3]), table }, { layout: "halves" })).toThrow("table is [12, 2, 2]");
  });
});

describe("hadamard", () => {
  const root = Math.SQRT1_2;

  it("adds and subtracts what is apart", () => {
    expectClose(hadamard({ x: dense([1, 2], [3, 1]) }).y.values, [4 * root, 2 * root]);
    expectClose(hadamard({ x: dense([4], [1, 2, 3, 5]) }).y.values, [5.5, -1.5, -2.5, 0.5]);
  });

  it("rotates blocks of the largest power of two that divides the width", () => {
    const { y } = hadamard({ x: dense([2, 6], [1, 0, 0, 0, 0, 1, 0, 0, 2, 0, 0, 0]) });
    expectClose(y.values, [root, root, 0, 0, root, -root, 0, 0, 2 * root, 2 * root, 0, 0]);
    expect([...hadamard({ x: dense([3], [1, 2, 3]) }).y.values]).toEqual([1, 2, 3]);
    const wide = dense([2048]);
    wide.values[1024] = 32;
    expectClose(
      hadamard({ x: wide }).y.values,
      Array.from({ length: 2048 }, (_, i) => (i < 1024 ? 0 : 1)),
    );
  });

  it("keeps products, and is its own inverse", () => {
    const [q, k] = [draw(generator(5), [3, 96]), draw(generator(6), [3, 96])];
    const product = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
    const [left, right] = [hadamard({ x: q }).y, hadamard({ x: k }).y];
    expect(product(left.values, right.values)).toBeCloseTo(product(q.values, k.values), 12);
    expectClose(hadamard({ x: left }).y.values, q.values);
    expect(left.values[1]).not.toBeCloseTo(q.values[1] ?? 0, 3);
  });
});

describe("append", () => {
  const k = dense([2, 2, 2, 1], [1, 2, 3, 4, 5, 6, 7, 8]); // b t g d
  const empty = dense([2, 2, 3, 1], new Array(12).fill(Number.NaN)); // b g s d

  it("appends tokens in order, heads first, and leaves the rest", () => {
    const nan = Number.NaN;
    const { cache } = append({ k, cache: empty }, { start: 1 });
    expect([...cache.values]).toEqual([nan, 1, 3, nan, 2, 4, nan, 5, 7, nan, 6, 8]);
    expect([...empty.values].every(Number.isNaN)).toBe(true);
  });

  it("takes a start per batch row", () => {
    const nan = Number.NaN;
    const { cache } = append({ k, cache: empty }, { start: [0, 1] });
    expect([...cache.values]).toEqual([1, 3, nan, 2, 4, nan, nan, 5, 7, nan, 6, 8]);
  });

  it("refuses rows beyond the cache", () => {
    expect(() => append({ k, cache: empty }, { start: [0, 2] })).toThrow("rows 2 to 3 of batch row 1, but cache has 3");
  });
});
