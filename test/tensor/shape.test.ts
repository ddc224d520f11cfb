import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  assertShape,
  broadcastShapes,
  contiguousStrides,
  formatShape,
  isContiguous,
  resolveAxis,
  type Shape,
  ShapeError,
  sizeOf,
} from "../../src/tensor/shape.ts";

const shape = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 });

test("contiguous strides visit every element once, in order", () => {
  fc.assert(
    fc.property(shape, (sizes) => {
      const strides = contiguousStrides(sizes);
      let indices: number[] = [0];
      sizes.forEach((size, axis) => {
        indices = indices.flatMap((at) => Array.from({ length: size }, (_, i) => at + i * (strides[axis] ?? 0)));
      });
      expect(indices).toEqual(Array.from({ length: sizeOf(sizes) }, (_, i) => i));
      expect(isContiguous(sizes, strides)).toBe(true);
    }),
  );
});

test("axes of length 1 do not make a view of something contiguous", () => {
  expect(isContiguous([2, 1, 3], [3, 99, 1])).toBe(true);
  expect(isContiguous([1, 3], [0, 1])).toBe(true);
  expect(isContiguous([2, 3], [4, 1])).toBe(false);
  expect(isContiguous([2, 3], [1, 2])).toBe(false);
  expect(isContiguous([2], [0])).toBe(false);
  expect(isContiguous([], [])).toBe(true);
});

describe("broadcasting", () => {
  test.each([
    [
      [3, 1],
      [1, 4],
      [3, 4],
    ],
    [[2, 3, 4], [4], [2, 3, 4]],
    [
      [2, 3, 4],
      [3, 1],
      [2, 3, 4],
    ],
    [[], [2], [2]],
    [[1], [0], [0]],
    [[0], [1], [0]],
    [
      [5, 1, 1],
      [2, 3],
      [5, 2, 3],
    ],
  ] satisfies [Shape, Shape, Shape][])("%j and %j give %j", (a, b, expected) => {
    expect(broadcastShapes(a, b, "add")).toEqual(expected);
  });

  test.each([
    [[2, 3], [2], "add: [2, 3] and [2] do not broadcast (3 and 2)"],
    [[2, 3], [3, 3], "add: [2, 3] and [3, 3] do not broadcast (2 and 3)"],
    [[0], [2], "add: [0] and [2] do not broadcast (0 and 2)"],
  ] satisfies [Shape, Shape, string][])("%j and %j do not", (a, b, message) => {
    expect(() => broadcastShapes(a, b, "add")).toThrow(new ShapeError(message));
  });

  test("is symmetric, has 1 as its unit, and gives the shape itself for two that are the same", () => {
    fc.assert(
      fc.property(shape, shape, (a, b) => {
        const attempt = (x: Shape, y: Shape) => {
          try {
            return broadcastShapes(x, y, "add");
          } catch {
            return undefined;
          }
        };
        expect(attempt(a, b)).toEqual(attempt(b, a));
        expect(attempt(a, a)).toEqual(a);
        expect(attempt(a, [])).toEqual(a);
      }),
    );
  });
});

test("axes count from the end when negative", () => {
  expect([0, 2, -1, -3].map((axis) => resolveAxis(axis, 3, "sum"))).toEqual([0, 2, 2, 0]);
  for (const axis of [3, -4, 0.5, Number.NaN]) {
    expect(() => resolveAxis(axis, 3, "sum")).toThrow(
      new ShapeError(`sum: axis ${axis} does not exist in a tensor of 3 axes`),
    );
  }
});

test("a shape is of integers of 0 or more", () => {
  expect(() => assertShape([], "x")).not.toThrow();
  expect(() => assertShape([0, 5], "x")).not.toThrow();
  for (const axis of [-1, 1.5, Number.NaN, Infinity, 2 ** 53]) {
    expect(() => assertShape([2, axis], "x")).toThrow(
      new ShapeError(`x: shape [2, ${axis}] has axis ${axis}, expected integers of 0 or more`),
    );
  }
  expect(formatShape([2, 3])).toBe("[2, 3]");
});
