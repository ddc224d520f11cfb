import { expect, test } from "vitest";
import { stored } from "../../../src/check/case-table.ts";
import { reduceCases } from "../../../src/check/cases/rows/reduce.ts";
import { assertClose, nmseCaps } from "../../../src/check/compare.ts";
import { normal } from "../../../src/check/random.ts";
import { max, mean, sum } from "../../../src/kernels/reduce/reduce.ts";
import { slice as sliceReference, transpose as transposeReference } from "../../../src/reference/layout.ts";
import * as reference from "../../../src/reference/reduce.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { slice, transpose } from "../../../src/tensor/views.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
for (const table of reduceCases) testCases(() => gpu, table);

test("views: every axis of a transposed slice, by every variant", async () => {
  const whole = { shape: [7, 6, 5, 70], values: normal(7 * 6 * 5 * 70, 1) };
  const x = transpose(slice(tensor(gpu, whole.shape, whole.values), 1, 1, 5), [3, 1, 0, 2]);
  const cut = sliceReference({ x: stored(whole) }, { axis: 1, start: 1, end: 5 }).y;
  const dense = transposeReference({ x: cut }, { order: [3, 1, 0, 2] }).y;
  for (const axis of [0, 1, 2, 3]) {
    for (const variant of ["thread", "workgroup"] as const) {
      const { y } = sum(gpu, { x }, { axis, variant });
      const expected = reference.sum({ x: dense }, { axis }).y;
      expect(y.shape).toEqual(expected.shape);
      assertClose(await y.read(), expected.values, nmseCaps.f32, `axis ${axis} by ${variant}`);
    }
  }
});

test("the variant is chosen by axis and length", () => {
  const x = tensor(gpu, [256, 40, 4], new Float32Array(40_960));
  const variantOf = (axis: number, of = x) => gpu.record(() => mean(gpu, { x: of }, { axis })).calls[0]?.variant;
  expect(variantOf(2)).toBe("thread");
  expect(variantOf(0)).toBe("workgroup"); // 160 results
  expect(variantOf(0, tensor(gpu, [256, 16_384], new Float32Array(256 * 16_384)))).toBe("thread");
  expect(variantOf(1, tensor(gpu, [3, 256], new Float32Array(768)))).toBe("workgroup");
});

test("an axis that does not exist is refused", () => {
  const x = tensor(gpu, [2, 3], new Float32Array(6));
  expect(() => max(gpu, { x }, { axis: 2 })).toThrow("max: axis 2 does not exist in a tensor of 2 axes");
  expect(() => sum(gpu, { x: tensor(gpu, [], [1]) }, { axis: 0 })).toThrow("sum: axis 0 does not exist");
});
