import { expect, test } from "vitest";
import { normal } from "../../src/check/random.ts";
import { dense } from "../../src/reference/dense.ts";
import { softmax, softmaxBackward } from "../../src/reference/softmax.ts";
import { expectGradients } from "../support/numbers/central-differences.ts";
import { expectClose } from "./compare.ts";

test("the gradient of softmax is that of central differences", () => {
  for (const shape of [[2, 3, 5], [1], [7, 1], [4, 7]]) {
    const size = shape.reduce((product, axis) => product * axis, 1);
    const inputs = { x: dense(shape, normal(size, 1, 2)) };
    const backward = ({ x }: typeof inputs, { y: dy }: ReturnType<typeof softmax>) =>
      softmaxBackward({ y: softmax({ x }).y, dy });
    if (shape.at(-1) === 1) expectClose(backward(inputs, softmax(inputs)).dx, new Float64Array(size));
    else expectGradients({ forward: softmax, backward, inputs });
  }
});

test("a worked row, and what is hidden has no part", () => {
  const y = dense([2, 3], [0.5, 0.25, 0.25, 0.5, 0, 0.5]);
  const { dx } = softmaxBackward({ y, dy: dense([2, 3], [1, 2, 0, 1, Number.NaN, 0]) });
  expect([...dx.values]).toEqual([0, 0.25, -0.25, 0.25, 0, -0.25]);
  const rows = softmaxBackward({ y: dense([1, 2], [0, 0]), dy: dense([1, 2], [Number.NaN, 3]) });
  expect([...rows.dx.values]).toEqual([0, 0]);
});
