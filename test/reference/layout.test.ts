import { describe, expect, it } from "vitest";
import { type Dense, dense } from "../../src/reference/dense.ts";
import { add, cast, div, exp, fill, mul, sub, where } from "../../src/reference/elementwise.ts";
import { concat, slice, transpose } from "../../src/reference/layout.ts";
import { max, mean, sum } from "../../src/reference/reduce.ts";
import type { PlainType } from "../../src/tensor/dtype.ts";
import { expectClose } from "./compare.ts";

const counting = (...shape: number[]): Dense => {
  const { values } = dense(shape);
  return dense(
    shape,
    values.map((_, i) => i),
  );
};

describe("elementwise", () => {
  const a = dense([2, 3], [1, 2, 3, 4, 5, 6]);

  it("broadcasts from the last axis", () => {
    expect(add({ a, b: dense([3], [10, 20, 30]) }).y).toEqual(dense([2, 3], [11, 22, 33, 14, 25, 36]));
    expect(sub({ a: dense([2, 1], [10, 20]), b: a }).y).toEqual(dense([2, 3], [9, 8, 7, 16, 15, 14]));
    expect(mul({ a, b: dense([], [2]) }).y).toEqual(dense([2, 3], [2, 4, 6, 8, 10, 12]));
    const outer = div({ a: dense([2, 1, 1], [6, 12]), b: dense([1, 3], [1, 2, 3]) }).y;
    expect(outer).toEqual(dense([2, 1, 3], [6, 3, 2, 12, 6, 4]));
    expect(() => add({ a, b: dense([2]) })).toThrow("add: shapes [2, 3] and [2] do not broadcast: axis 1 is 3 and 2");
    expect(add({ a: dense([0, 3]), b: dense([1, 3]) }).y.shape).toEqual([0, 3]);
  });

  it("where chooses element by element", () => {
    const condition = dense([2, 1], [0, 1]);
    const { y } = where({ condition, a, b: dense([], [Number.NaN]) });
    expect([...y.values]).toEqual([Number.NaN, Number.NaN, Number.NaN, 4, 5, 6]);
  });

  it("exp and fill", () => {
    expectClose(exp({ x: dense([3], [0, 1, Number.NEGATIVE_INFINITY]) }).y, [1, Math.E, 0]);
    expect(fill({}, { shape: [2, 2], value: 7 }).y).toEqual(dense([2, 2], [7, 7, 7, 7]));
  });

  it("cast rounds as the type does", () => {
    const x = dense([4], [1 + 2 ** -12, -2.7, 70_000, Number.NaN]);
    const values = (dtype: PlainType) => [...cast({ x }, { dtype }).y.values];
    expect(values("f32")).toEqual([1 + 2 ** -12, Math.fround(-2.7), 70_000, Number.NaN]);
    expect(values("f16")).toEqual([1, -2.69921875, Number.POSITIVE_INFINITY, Number.NaN]);
    expect(values("bf16")).toEqual([1, -2.703125, 70_144, Number.NaN]);
    expect(values("i32")).toEqual([1, -2, 70_000, 0]);
    expect(values("u32")).toEqual([1, 0, 70_000, 0]);
    const ends = cast({ x: dense([2], [-1e10, 1e10]) }, { dtype: "i32" }).y;
    expect([...ends.values]).toEqual([-(2 ** 31), 2 ** 31 - 1]);
  });
});

describe("layout", () => {
  it("transpose: axis i of the result is axis order[i]", () => {
    const x = counting(2, 3, 4);
    const { y } = transpose({ x }, { order: [2, 0, 1] });
    expect(y.shape).toEqual([4, 2, 3]);
    for (let i = 0; i < 2; i++) {
      for (let j = 0; j < 3; j++) {
        for (let k = 0; k < 4; k++) expect(y.values[(k * 2 + i) * 3 + j]).toBe((i * 3 + j) * 4 + k);
      }
    }
    expect(transpose({ x: y }, { order: [1, 2, 0] }).y).toEqual(x);
    expect(transpose({ x: counting(2, 2) }, { order: [-1, 0] }).y.values).toEqual(Float64Array.of(0, 2, 1, 3));
    expect(() => transpose({ x }, { order: [0, 0, 1] })).toThrow("order [0, 0, 1] is not a permutation");
    expect(() => transpose({ x }, { order: [0, 1] })).toThrow("not a permutation");
  });

  it("slice keeps a run of one axis, concat joins runs again", () => {
    const x = counting(2, 5, 2);
    const left = slice({ x }, { axis: 1, end: 2 }).y;
    const right = slice({ x }, { axis: -2, start: 2 }).y;
    expect([...left.values]).toEqual([0, 1, 2, 3, 10, 11, 12, 13]);
    expect(right.shape).toEqual([2, 3, 2]);
    expect(concat({ left, right }, { axis: 1 }).y).toEqual(x);
    expect(() => slice({ x }, { axis: 1, start: 3, end: 6 })).toThrow("slice: 3 to 6 of axis 1 of [2, 5, 2]");
    expect(() => concat({ left, x: counting(2, 5, 3) }, { axis: 1 })).toThrow("x is [2, 5, 3]");
  });
});

describe("reductions", () => {
  const x = dense([2, 3, 2], [1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6]);

  it("take one axis away", () => {
    expect(sum({ x }, { axis: 1 }).y).toEqual(dense([2, 2], [9, 12, -9, -12]));
    expect(mean({ x }, { axis: -1 }).y).toEqual(dense([2, 3], [1.5, 3.5, 5.5, -1.5, -3.5, -5.5]));
    expect(max({ x }, { axis: 0 }).y).toEqual(dense([3, 2], [1, 2, 3, 4, 5, 6]));
    expect(max({ x: dense([2], [-5, -7]) }, { axis: 0 }).y).toEqual(dense([], [-5]));
    expect(() => sum({ x }, { axis: 3 })).toThrow("axis 3 of shape [2, 3, 2]");
  });

  it("NaN and nothing", () => {
    expect(max({ x: dense([2], [Number.NaN, 1]) }, { axis: 0 }).y.values[0]).toBeNaN();
    const empty = dense([2, 0]);
    expect([...sum({ x: empty }, { axis: 1 }).y.values]).toEqual([0, 0]);
    expect([...max({ x: empty }, { axis: 1 }).y.values]).toEqual(new Array(2).fill(Number.NEGATIVE_INFINITY));
    expect([...mean({ x: empty }, { axis: 1 }).y.values]).toEqual([Number.NaN, Number.NaN]);
  });
});
