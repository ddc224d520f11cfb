import { expect, test } from "vitest";
import { stored } from "../../src/check/case-table.ts";
import { randomSource } from "../../src/check/random.ts";
import { concat } from "../../src/kernels/layout/concat.ts";
import { contiguous } from "../../src/kernels/layout/contiguous.ts";
import type { Dense } from "../../src/reference/dense.ts";
import * as reference from "../../src/reference/layout.ts";
import { encode, floatTypes, type PlainType, plainTypes as types } from "../../src/tensor/dtype.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { Tensor, tensor, upload } from "../../src/tensor/tensor.ts";
import { reshape, slice, transpose } from "../../src/tensor/views.ts";
import { testGpu } from "../support/devices/gpu.ts";

const gpu = await testGpu();

/** Elements that every type holds exactly, and their tensor. */
function counted(shape: readonly number[], dtype: PlainType, seed = 1): { x: Tensor; dense: Dense } {
  const source = randomSource(seed);
  const values = Float64Array.from({ length: sizeOf(shape) }, () => source.integer(256));
  return { x: tensor(gpu, shape, values, dtype), dense: stored({ shape, values, dtype }) };
}

/** Types of which a word has two. */
const packedTypes: readonly PlainType[] = ["f16", "bf16"];

/** A view reads as the reference says, and so does its copy. */
async function expectBoth(view: Tensor, dense: Dense): Promise<void> {
  expect(view.shape).toEqual(dense.shape);
  expect([...(await view.read())]).toEqual([...dense.values]);
  const { y } = contiguous(gpu, { x: view });
  expect(y.contiguous).toBe(true);
  expect(y.dtype).toBe(view.dtype);
  expect(y.shape).toEqual(dense.shape);
  expect([...(await y.read())]).toEqual([...dense.values]);
}

for (const dtype of types) {
  test(`${dtype}: views of views, read and made contiguous`, async () => {
    const { x, dense } = counted([3, 4, 5], dtype);
    await expectBoth(x, dense);
    await expectBoth(transpose(x), reference.transpose({ x: dense }, { order: [0, 2, 1] }).y);
    await expectBoth(transpose(x, [2, 0, 1]), reference.transpose({ x: dense }, { order: [2, 0, 1] }).y);
    for (const [axis, start, end] of [
      [0, 1, 3],
      [1, 1, 2],
      [2, 1, 4],
      [-1, 4, 5],
      [1, 2, 2],
    ] as const) {
      await expectBoth(slice(x, axis, start, end), reference.slice({ x: dense }, { axis, start, end }).y);
    }
    const transposed = reference.transpose({ x: dense }, { order: [1, 2, 0] }).y;
    const cut = reference.slice({ x: transposed }, { axis: 1, start: 1, end: 4 }).y;
    await expectBoth(slice(transpose(x, [1, 2, 0]), 1, 1, 4), cut);
    await expectBoth(reshape(slice(x, 0, 1, 2), [4, 5]), {
      shape: [4, 5],
      values: dense.values.slice(20, 40),
    });
  });

  test(`${dtype}: copies in vectors, where runs and neighbours are whole ones`, async () => {
    const { x, dense } = counted([4, 6, 32], dtype);
    const kernels = (view: Tensor) =>
      gpu.record(() => contiguous(gpu, { x: view })).dispatches.map(({ kernel }) => kernel);
    const order = [1, 0, 2];
    const [swapped, swappedDense] = [transpose(x, order), reference.transpose({ x: dense }, { order }).y];
    await expectBoth(swapped, swappedDense);
    expect(kernels(swapped)).toEqual(["layout/copy-vectors"]);
    const width = packedTypes.includes(dtype) ? 8 : 4;
    for (const start of [8, 4, 2]) {
      const cut = slice(swapped, 2, start, start + 16);
      await expectBoth(cut, reference.slice({ x: swappedDense }, { axis: 2, start, end: start + 16 }).y);
      expect(kernels(cut)).toEqual([start % width === 0 ? "layout/copy-vectors" : "layout/copy"]);
    }
    const parts = { a: [0, 16], b: [16, 24], c: [24, 32] } as const;
    const pieces = Object.values(parts).map(([start, end]) => slice(swapped, 2, start, end));
    const expected = Object.entries(parts).map(([name, [start, end]]) => [
      name,
      reference.slice({ x: swappedDense }, { axis: 2, start, end }).y,
    ]);
    const joined = reference.concat(Object.fromEntries(expected), { axis: 2 }).y;
    expect([...(await concat(gpu, pieces, 2).read())]).toEqual([...joined.values]);
  });

  test(`${dtype}: concat along every axis, pieces of odd and even lengths, views and nothing among them`, async () => {
    const a = counted([3, 5, 4], dtype, 1);
    const b = counted([3, 1, 4], dtype, 2);
    const c = counted([3, 4, 3], dtype, 3);
    const none = counted([3, 0, 4], dtype, 4);
    const transposed = reference.transpose({ x: c.dense }, { order: [0, 2, 1] }).y;
    const middle = concat(gpu, [a.x, b.x, none.x, transpose(c.x)], 1);
    const inputs = { a: a.dense, b: b.dense, none: none.dense, transposed };
    expect(middle.shape).toEqual([3, 9, 4]);
    expect([...(await middle.read())]).toEqual([...reference.concat(inputs, { axis: 1 }).y.values]);
    for (const [axis, shapes] of [
      [
        0,
        [
          [1, 3],
          [2, 3],
          [3, 3],
        ],
      ],
      [
        -1,
        [
          [5, 1],
          [5, 2],
          [5, 1],
          [5, 3],
        ],
      ],
      [
        -1,
        [
          [70, 1],
          [70, 1],
        ],
      ],
      [0, [[7], [1], [4]]],
      [0, [[9]]],
    ] as const) {
      const pieces = shapes.map((shape, i) => counted(shape, dtype, i));
      const y = concat(
        gpu,
        pieces.map(({ x }) => x),
        axis,
      );
      const named = Object.fromEntries(pieces.map(({ dense }, i) => [`piece ${i}`, dense]));
      const expected = reference.concat(named, { axis }).y;
      expect(y.shape).toEqual(expected.shape);
      expect([...(await y.read())]).toEqual([...expected.values]);
    }
  });
}

test("contiguous: 70,000 rows, prime sizes", async () => {
  for (const [shape, dtype] of [
    [[70_000, 3], "f32"],
    [[70_001, 3], "bf16"],
    [[127, 257], "f16"],
  ] as const) {
    const { x, dense } = counted(shape, dtype);
    const y = await contiguous(gpu, { x: transpose(x) }).y.readStored();
    const expected = encode(dtype, reference.transpose({ x: dense }, { order: [1, 0] }).y.values);
    expect(y.findIndex((value, i) => value !== expected[i])).toBe(-1);
  }
});

test("contiguous: more axes than a kernel walks, in several dispatches", async () => {
  for (const dtype of floatTypes) {
    const { x, dense } = counted([2, 3, 2, 3, 1, 3], dtype);
    const order = [5, 3, 2, 4, 1, 0];
    const program = gpu.record(() => contiguous(gpu, { x: transpose(x, order) }).y);
    expect(program.dispatches.length).toBe(3);
    await expectBoth(transpose(x, order), reference.transpose({ x: dense }, { order }).y);
  }
});

test("a copy, also of what has no gaps: disposing one leaves the other", async () => {
  const x = tensor(gpu, [3], [1, 2, 3]);
  const { y } = contiguous(gpu, { x });
  await gpu.flush();
  x.dispose();
  expect([...(await y.read())]).toEqual([1, 2, 3]);
});

test("results may be given, and their neighbours stay as they are", async () => {
  const whole = upload(gpu, [140], "f16", new Uint16Array(140).fill(0x1234));
  const into = new Tensor(gpu, [3, 3], "f16", whole.segments, undefined, 128);
  const x = tensor(gpu, [3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9], "f16");
  expect(contiguous(gpu, { x: transpose(x) }, { into: { y: into } }).y).toBe(into);
  expect([...(await into.read())]).toEqual([1, 4, 7, 2, 5, 8, 3, 6, 9]);
  const column = slice(x, 1, 0, 1);
  expect(concat(gpu, [slice(x, 1, 1, 3), column], 1, { into: { y: into } })).toBe(into);
  expect([...(await into.read())]).toEqual([2, 3, 1, 5, 6, 4, 8, 9, 7]);
  const outside = [...(await whole.readStored())].filter((_, i) => i < 128 || i >= 137);
  expect(outside.every((bits) => bits === 0x1234)).toBe(true);
  const wrong = upload(gpu, [3, 2], "f16", new Uint16Array(6));
  expect(() => contiguous(gpu, { x }, { into: { y: wrong } })).toThrow("into.y is [3, 2], expected [3, 3]");
  expect(() => concat(gpu, [x], 0, { into: { y: wrong } })).toThrow("into.y is [3, 2], expected [3, 3]");
});

test("concat refuses what does not go together", () => {
  const x = tensor(gpu, [2, 3], new Float32Array(6));
  expect(() => concat(gpu, [], 0)).toThrow("concat: no tensors");
  expect(() => concat(gpu, [x], 2)).toThrow("concat: axis 2 does not exist");
  expect(() => concat(gpu, [x, tensor(gpu, [3, 2], new Float32Array(6))], 0)).toThrow(
    "concat: tensor 1 is f32 [3, 2], which does not continue f32 [2, 3] along axis 0",
  );
  expect(() => concat(gpu, [x, tensor(gpu, [2, 3], new Float32Array(6), "i32")], 0)).toThrow("tensor 1 is i32 [2, 3]");
  expect(() => concat(gpu, [x, tensor(gpu, [3], new Float32Array(3))], 0)).toThrow("tensor 1 is f32 [3]");
});

test("views refuse what they cannot do", () => {
  const x = tensor(gpu, [2, 3], new Float32Array(6));
  expect(() => reshape(transpose(x), [6])).toThrow("reshape: [3, 2] is not contiguous; call contiguous first");
  expect(() => reshape(x, [4])).toThrow("reshape: [2, 3] does not fit [4]");
  expect(() => reshape(x, [-1, -1])).toThrow("does not fit");
  expect(() => transpose(x, [0, 0])).toThrow("transpose: [0, 0] is not a permutation of the axes of [2, 3]");
  expect(() => slice(x, 1, 2, 4)).toThrow("slice: 2 to 4 of axis 1, which has 3 elements");
  expect(reshape(x, [3, -1]).shape).toEqual([3, 2]);
});
