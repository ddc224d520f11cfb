import { expect, test } from "vitest";
import { normal } from "../../src/check/random.ts";
import { type Dense, dense, sizeOf } from "../../src/reference/dense.ts";
import { gruCell, gruCellBackward } from "../../src/reference/models/recurrent.ts";
import { negativeSampling, negativeSamplingBackward } from "../../src/reference/models/word-vectors.ts";
import { expectGradients } from "../support/numbers/central-differences.ts";

const drawn = (shape: readonly number[], seed: number): Dense => dense(shape, normal(sizeOf(shape), seed));

test("the gradients of a gated recurrent unit are those of central differences", () => {
  const inputs = { a: drawn([3, 12], 1), h: drawn([3, 4], 2), weight: drawn([12, 4], 3), bias: drawn([12], 4) };
  expectGradients({ forward: gruCell, backward: (given, { y: dy }) => gruCellBackward({ ...given, dy }), inputs });
  const wrong = { ...inputs, a: drawn([3, 11], 1), weight: drawn([11, 4], 3), bias: drawn([11], 4) };
  expect(() => gruCell(wrong)).toThrow("gruCell: a has 11 columns, expected 3h = 12");
});

test("a unit keeps its state where z is 1, and forgets it where r is 0: the product is reset, not the state", () => {
  const [zero, much] = [0, 1e3];
  const one = { h: dense([1, 1], [0.5]), weight: dense([3, 1], [0, 0, 2]), bias: dense([3], [0, 0, 3]) };
  expect([...gruCell({ ...one, a: dense([1, 3], [zero, much, 7]) }).y.values]).toEqual([0.5]);
  expect(gruCell({ ...one, a: dense([1, 3], [-much, -much, 0.25]) }).y.values[0]).toBeCloseTo(Math.tanh(0.25), 15);
  // Of r = 1 the bias of the state counts too: 2 · 0.5 + 3.
  expect(gruCell({ ...one, a: dense([1, 3], [much, -much, 0.25]) }).y.values[0]).toBeCloseTo(Math.tanh(4.25), 15);
});

test("the gradients of negative sampling are those of central differences", () => {
  const inputs = { v: drawn([4, 3], 5), u: drawn([4, 3], 6), others: drawn([5, 3], 7) };
  expectGradients({
    forward: negativeSampling,
    backward: (given, { losses: dlosses }) => negativeSamplingBackward({ ...given, dlosses }),
    inputs,
  });
  const far = { v: dense([1, 1], [100]), u: dense([1, 1], [-10]), others: dense([1, 1], [10]) };
  expect([...negativeSampling(far).losses.values]).toEqual([2000]);
});
