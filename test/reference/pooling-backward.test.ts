import { describe, expect, it } from "vitest";
import { normal } from "../../src/check/random.ts";
import { dense } from "../../src/reference/dense.ts";
import { l2Normalise, l2NormaliseBackward } from "../../src/reference/norm.ts";
import { max } from "../../src/reference/reduce.ts";
import { maxBackward, segments, segmentsBackward } from "../../src/reference/segments.ts";
import { expectGradients } from "../support/numbers/central-differences.ts";
import { expectClose } from "./compare.ts";

describe("gradients of pooling are those of central differences", () => {
  const x = dense([9, 4], normal(36, 1));
  const weights = dense([9], [0.5, 1, 0, 2, 0.25, 1, 3, 1, 1]);

  it.each(["sum", "max"] as const)("%s of segments: weights, a segment without rows, rows of none", (operation) => {
    const others = { weights, offsets: dense([4], [1, 5, 5, 8]) };
    expectGradients({
      inputs: { x },
      forward: ({ x }) => {
        const { y } = segments({ x, ...others }, { operation });
        return { y: { ...y, values: y.values.map((value) => (Number.isFinite(value) ? value : 0)) } }; // of no rows: −∞
      },
      backward: ({ x }, { y }) => segmentsBackward({ x, ...others, dy: y }, { operation }),
    });
  });

  it.each([0, 1, -1])("the maximum over axis %d", (axis) =>
    expectGradients({
      inputs: { x: dense([3, 4, 5], normal(60, 2)) },
      forward: ({ x }) => max({ x }, { axis }),
      backward: ({ x }, { y }) => maxBackward({ x, dy: y }, { axis }),
    }),
  );

  it.each([undefined, 0, 0.7])("rows of length 1, eps %d", (eps) => {
    const options = eps === undefined ? {} : { eps };
    expectGradients({
      inputs: { x: dense([2, 3, 5], normal(30, 3)) },
      forward: ({ x }) => l2Normalise({ x }, options),
      backward: ({ x }, { y }) => l2NormaliseBackward({ x, dy: y }, options),
    });
  });
});

describe("conventions", () => {
  const of = (values: number[], dy: number) => [
    ...maxBackward({ x: dense([values.length], values), dy: dense([], [dy]) }, { axis: 0 }).dx.values,
  ];

  it("the first of equal elements gets the gradient, and the first NaN", () => {
    expect(of([1, 3, 3, 2], 5)).toEqual([0, 5, 0, 0]);
    expect(of([1, Number.NaN, 3, Number.NaN], 5)).toEqual([0, 5, 0, 0]);
    expect(of([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY], 5)).toEqual([5, 0]);
  });

  it("what is along a row does not change it; a row of zeros", () => {
    const row = dense([1, 2], [3, 4]);
    expectClose(l2Normalise({ x: row }).y, [0.6, 0.8]);
    expectClose(l2NormaliseBackward({ x: row, dy: row }).dx, [0, 0]);
    expectClose(l2NormaliseBackward({ x: row, dy: dense([1, 2], [4, -3]) }).dx, [0.8, -0.6]);
    const zero = dense([1, 2]);
    expect([...l2Normalise({ x: zero }).y.values]).toEqual([0, 0]);
    expectClose(l2NormaliseBackward({ x: zero, dy: row }, { eps: 0.5 }).dx, [6, 8]);
  });

  it("shapes that do not fit are refused", () => {
    expect(() => maxBackward({ x: dense([2, 3]), dy: dense([2]) }, { axis: 0 })).toThrow(
      "dy is [2], expected [3] (from x)",
    );
  });
});
