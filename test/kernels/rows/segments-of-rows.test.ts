import { expect, test } from "vitest";
import { segmentCases } from "../../../src/check/cases/rows/segments.ts";
import { reduceSegments } from "../../../src/kernels/reduce/segments.ts";
import { dense } from "../../../src/reference/dense.ts";
import { segments as reference } from "../../../src/reference/segments.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, segmentCases);

test("shapes, types and operations that do not fit are refused", () => {
  const [x, weights] = [tensor(gpu, [2, 3], new Float32Array(6)), tensor(gpu, [2], [1, 1])];
  const offsets = tensor(gpu, [2], [0, 2], "u32");
  const call = (tensors: object, operation: unknown = "sum") =>
    reduceSegments(gpu, { x, weights, offsets, ...tensors }, { operation: operation as "sum" });
  expect(() => call({ weights: tensor(gpu, [3], [1, 1, 1]) })).toThrow("weights is [3], expected [t] with t = 2");
  expect(() => call({ offsets: weights })).toThrow("offsets is f32 [2], expected u32");
  expect(() => call({}, "mean")).toThrow('operation is "mean", expected "sum" or "max"');
});

test("the reference refuses offsets that descend or pass the last row", () => {
  const of = (offsets: number[]) =>
    reference(
      { x: dense([2, 1], [1, 2]), weights: dense([2], [1, 1]), offsets: dense([offsets.length], offsets) },
      { operation: "sum" },
    );
  expect(() => of([0, 3])).toThrow("segments: segment 0 is rows 0 to 3");
  expect(() => of([0, 2, 1])).toThrow("segments: segment 1 is rows 2 to 1");
});
