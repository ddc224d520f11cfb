import { expect, it } from "vitest";
import { normal } from "../../src/check/random.ts";
import { dense } from "../../src/reference/dense.ts";
import { logSoftmax, logSoftmaxBackward, softmax } from "../../src/reference/softmax.ts";
import { expectGradients } from "../support/numbers/central-differences.ts";
import { expectClose } from "./compare.ts";

const x = dense([2, 3, 5], normal(30, 1, 2));

it("is the logarithm of softmax, and keeps what that loses", () => {
  expectClose(logSoftmax({ x }).y, Array.from(softmax({ x }).y.values, Math.log));
  expectClose(logSoftmax({ x: dense([1, 2], [0, -1000]) }).y, [0, -1000]);
  const lowest = Number.NEGATIVE_INFINITY;
  expect([...logSoftmax({ x: dense([2, 2], [lowest, lowest, 3, lowest]) }).y.values]).toEqual([
    lowest,
    lowest,
    0,
    lowest,
  ]);
});

it("its gradient is that of central differences", () => {
  for (const own of [x, dense([1, 1], [3]), dense([4, 2], normal(8, 2))]) {
    expectGradients({
      inputs: { x: own },
      forward: logSoftmax,
      backward: ({ x }, { y: dy }) => logSoftmaxBackward({ y: logSoftmax({ x }).y, dy }),
    });
  }
});
