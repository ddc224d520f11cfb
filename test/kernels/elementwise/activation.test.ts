import { expect, test } from "vitest";
import { stored } from "../../../src/check/case-table.ts";
import { activationCases } from "../../../src/check/cases/activation.ts";
import { assertClose, nmseCaps } from "../../../src/check/compare.ts";
import { normal } from "../../../src/check/random.ts";
import { gelu, silu, swiglu } from "../../../src/kernels/elementwise/activation.ts";
import {
  erf,
  gelu as geluReference,
  swiglu as reference,
  silu as siluReference,
} from "../../../src/reference/activation.ts";
import { slice as sliceReference, transpose as transposeReference } from "../../../src/reference/layout.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { slice, transpose } from "../../../src/tensor/views.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
for (const table of activationCases) testCases(() => gpu, table);

test("gelu: the error function inside is within 2e-7", async () => {
  const values = Float32Array.from({ length: 60_001 }, (_, i) => (i - 30_000) / 5000).filter((x) => x !== 0);
  const { y } = gelu(gpu, { x: tensor(gpu, [values.length], values) });
  const worst = (await y.read()).reduce((largest, value, i) => {
    const x = values[i] ?? 1;
    return Math.max(largest, Math.abs((2 * value) / x - 1 - erf(x / Math.SQRT2)));
  }, 0);
  expect(worst).toBeLessThan(2e-7 + 2 ** -23); // and half an ulp of y on top, times 2 / x
});

test("swiglu takes the halves of one tensor, whatever their alignment", async () => {
  for (const half of [64, 12, 10, 7]) {
    const both = { shape: [5, 2 * half], values: normal(10 * half, 4) };
    const x = tensor(gpu, both.shape, both.values);
    const { y } = swiglu(gpu, { gate: slice(x, 1, 0, half), up: slice(x, 1, half, 2 * half) });
    const dense = stored(both);
    const gate = sliceReference({ x: dense }, { axis: 1, start: 0, end: half }).y;
    const up = sliceReference({ x: dense }, { axis: 1, start: half, end: 2 * half }).y;
    assertClose(await y.read(), reference({ gate, up }).y.values, nmseCaps.f32, `halves of ${half}`);
  }
});

test("activations take transposed and offset views", async () => {
  const whole = { shape: [6, 10, 9], values: normal(540, 5) };
  const x = tensor(gpu, whole.shape, whole.values);
  const dense = stored(whole);
  const transposed = silu(gpu, { x: transpose(x, [2, 0, 1]) }).y;
  expect(transposed.shape).toEqual([9, 6, 10]);
  const expected = siluReference({ x: transposeReference({ x: dense }, { order: [2, 0, 1] }).y }).y.values;
  assertClose(await transposed.read(), expected, nmseCaps.f32, "transposed");
  const later = gelu(gpu, { x: slice(x, 0, 1, 5) }).y;
  const laterExpected = geluReference({ x: sliceReference({ x: dense }, { axis: 0, start: 1, end: 5 }).y }).y.values;
  assertClose(await later.read(), laterExpected, nmseCaps.f32, "from element 90");
});

test("swiglu refuses shapes that differ, naming both", () => {
  const gate = tensor(gpu, [2, 3], new Float32Array(6));
  expect(() => swiglu(gpu, { gate, up: tensor(gpu, [3], new Float32Array(3)) })).toThrow(
    "swiglu: up is [3], expected [2, 3] (from gate)",
  );
});
