import { expect, test } from "vitest";
import { variantsOf } from "../../../src/check/case-table.ts";
import { l2NormaliseBackwardCases, l2NormaliseCases } from "../../../src/check/cases/rows/l2-normalise.ts";
import { maxBackwardCases, segmentBackwardCases } from "../../../src/check/cases/rows/segments-backward.ts";
import { normal } from "../../../src/check/random.ts";
import { reduceSegments } from "../../../src/kernels/reduce/segments.ts";
import { maxBackward, reduceSegmentsBackward } from "../../../src/kernels/reduce/segments-backward.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, segmentBackwardCases);
testCases(() => gpu, maxBackwardCases);
testCases(() => gpu, l2NormaliseCases);
testCases(() => gpu, l2NormaliseBackwardCases);

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * (b[i] ?? Number.NaN), 0);

test.each(variantsOf(reduceSegmentsBackward))("%s is the transpose of pooling by sums", async (variant) => {
  const [x, weights, dy] = [
    tensor(gpu, [70, 9], normal(630, 1)),
    tensor(gpu, [70], normal(70, 2)),
    tensor(gpu, [3, 9], normal(27, 3)),
  ];
  const given = { x, weights, offsets: tensor(gpu, [4], [3, 20, 21, 64], "u32") };
  const { y } = reduceSegments(gpu, given, { operation: "sum" });
  const { dx } = reduceSegmentsBackward(gpu, { ...given, dy }, { operation: "sum", variant });
  const there = dot(await y.read(), await dy.read());
  expect(Math.abs(dot(await x.read(), await dx.read()) - there)).toBeLessThan(1e-6 * 70 * 9);
});

test("shapes that do not fit are refused", () => {
  const [x, weights] = [tensor(gpu, [4, 3], new Float32Array(12)), tensor(gpu, [4], [1, 1, 1, 1])];
  const [offsets, dy] = [tensor(gpu, [2], [0, 4], "u32"), tensor(gpu, [1, 3], [1, 2, 3])];
  const call = (others: object) =>
    reduceSegmentsBackward(gpu, { x, weights, offsets, dy, ...others }, { operation: "max" });
  expect(() => call({ dy: tensor(gpu, [2, 3], new Float32Array(6)) })).toThrow(
    "segments-backward: dy is [2, 3] and offsets [2], expected [n, c] and [n + 1]",
  );
  expect(() => call({ dy: tensor(gpu, [1, 2], [1, 2]) })).toThrow("x is [4, 3], expected [t, c] with t = 4");
  expect(() => maxBackward(gpu, { x, dy: weights }, { axis: 0 })).toThrow(
    "max-backward: dy is [4], expected [3] (x is [4, 3], without axis 0)",
  );
});
