import { expect, test } from "vitest";
import { stored } from "../../../src/check/case-table.ts";
import { elementwiseCases } from "../../../src/check/cases/elementwise.ts";
import { assertClose, nmseCaps } from "../../../src/check/compare.ts";
import { normal } from "../../../src/check/random.ts";
import { exp } from "../../../src/kernels/elementwise/activation.ts";
import { add, div, mul } from "../../../src/kernels/elementwise/elementwise.ts";
import { where } from "../../../src/kernels/elementwise/where.ts";
import * as reference from "../../../src/reference/elementwise.ts";
import { slice as sliceReference, transpose as transposeReference } from "../../../src/reference/layout.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { slice, transpose } from "../../../src/tensor/views.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
for (const table of elementwiseCases) testCases(() => gpu, table);

const random = (shape: readonly number[], seed: number) => {
  const input = {
    shape,
    values: normal(
      shape.reduce((n, size) => n * size, 1),
      seed,
    ),
  };
  return { tensor: tensor(gpu, shape, input.values), dense: stored(input) };
};

test("views: a transposed tensor and a column of another", async () => {
  const a = random([6, 5, 4], 1);
  const b = random([4, 9], 2);
  const { y } = mul(gpu, { a: transpose(a.tensor, [1, 0, 2]), b: slice(transpose(b.tensor), 0, 3, 4) });
  const expected = reference.mul({
    a: transposeReference({ x: a.dense }, { order: [1, 0, 2] }).y,
    b: sliceReference({ x: transposeReference({ x: b.dense }, { order: [1, 0] }).y }, { axis: 0, start: 3, end: 4 }).y,
  }).y;
  expect(y.shape).toEqual([5, 6, 4]);
  assertClose(await y.read(), expected.values, nmseCaps.f32, "mul of views");
});

test("views: rows from the middle, at any element, on both sides", async () => {
  for (const [cols, begin] of [
    [64, 2],
    [64, 1],
    [12, 3],
    [7, 5],
  ] as const) {
    const a = random([9, cols], 3);
    const b = random([9, cols], 4);
    const { y } = div(gpu, { a: slice(a.tensor, 0, begin, begin + 3), b: slice(b.tensor, 0, 1, 4) });
    const expected = reference.div({
      a: sliceReference({ x: a.dense }, { axis: 0, start: begin, end: begin + 3 }).y,
      b: sliceReference({ x: b.dense }, { axis: 0, start: 1, end: 4 }).y,
    }).y;
    assertClose(await y.read(), expected.values, nmseCaps.f32, `rows ${begin} of ${cols}`);
  }
});

test("views: exp and where", async () => {
  const x = random([5, 8, 6], 5);
  const half = slice(transpose(x.tensor, [2, 0, 1]), 2, 4, 8);
  const dense = sliceReference(
    { x: transposeReference({ x: x.dense }, { order: [2, 0, 1] }).y },
    { axis: 2, start: 4 },
  ).y;
  assertClose(await exp(gpu, { x: half }).y.read(), reference.exp({ x: dense }).y.values, nmseCaps.f32, "exp");
  const mask = { shape: [4, 5], values: Array.from({ length: 20 }, (_, i) => (i * 7) % 3), dtype: "u32" as const };
  const condition = transpose(tensor(gpu, mask.shape, mask.values, "u32"));
  const { y } = where(gpu, { condition, a: half, b: tensor(gpu, [], [-1]) });
  const expected = reference.where({
    condition: transposeReference({ x: stored(mask) }, { order: [1, 0] }).y,
    a: dense,
    b: { shape: [], values: Float64Array.of(-1) },
  }).y;
  assertClose(await y.read(), expected.values, nmseCaps.exact, "where");
});

test("one tensor may be both operands", async () => {
  const a = random([4, 4], 6);
  const { y } = add(gpu, { a: a.tensor, b: transpose(a.tensor) });
  const b = transposeReference({ x: a.dense }, { order: [1, 0] }).y;
  assertClose(await y.read(), reference.add({ a: a.dense, b }).y.values, nmseCaps.f32, "a + aᵀ");
});

test("integers wrap around", async () => {
  const big = tensor(gpu, [2], [2 ** 31 - 1, -(2 ** 31)], "i32");
  const one = tensor(gpu, [2], [1, -1], "i32");
  expect([...(await add(gpu, { a: big, b: one }).y.read())]).toEqual([-(2 ** 31), 2 ** 31 - 1]);
  const wide = tensor(gpu, [1], [2 ** 31 + 3], "u32");
  expect([...(await mul(gpu, { a: wide, b: wide }).y.read())]).toEqual([9]);
});

test("a result may be given, of the right shape only", async () => {
  const a = tensor(gpu, [2, 3], [1, 2, 3, 4, 5, 6]);
  const into = tensor(gpu, [2, 3], new Float32Array(6));
  expect(add(gpu, { a, b: a }, { into: { y: into } }).y).toBe(into);
  expect([...(await into.read())]).toEqual([2, 4, 6, 8, 10, 12]);
  const transposed = tensor(gpu, [3, 2], new Float32Array(6));
  expect(() => add(gpu, { a, b: a }, { into: { y: transposed } })).toThrow("into.y is [3, 2], expected [2, 3]");
  expect(() => add(gpu, { a, b: into }, { into: { y: into } })).toThrow("y is written and shares its memory with b");
});

test("an empty tensor gives an empty one", async () => {
  const a = tensor(gpu, [0, 4], []);
  const { y } = add(gpu, { a, b: tensor(gpu, [4], [1, 2, 3, 4]) });
  expect(y.shape).toEqual([0, 4]);
  expect((await y.read()).length).toBe(0);
});

test("what does not go together is refused", () => {
  const a = tensor(gpu, [2, 3], new Float32Array(6));
  const b = tensor(gpu, [2, 4], new Float32Array(8));
  expect(() => add(gpu, { a, b })).toThrow("add: [2, 3] and [2, 4] do not broadcast (3 and 4)");
  expect(() => add(gpu, { a, b: tensor(gpu, [3], [1, 2, 3], "i32") })).toThrow("add: a is f32 and b is i32");
  const whole = tensor(gpu, [1], [1], "i32");
  expect(() => div(gpu, { a: whole, b: whole })).toThrow("a is i32 [1], expected f32");
  expect(() => where(gpu, { condition: a, a, b: a })).toThrow("condition is f32 [2, 3], expected u32");
  const five = tensor(gpu, [2, 2, 2, 2, 2], new Float32Array(32));
  expect(() => exp(gpu, { x: transpose(five, [4, 3, 2, 1, 0]) })).toThrow("5 axes [2, 2, 2, 2, 2]");
});
