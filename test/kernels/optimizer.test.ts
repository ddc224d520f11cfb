import { expect, test } from "vitest";
import { adamWCases } from "../../src/check/cases/adamw.ts";
import { descendCases, lionCases, momentumCases } from "../../src/check/cases/optimizers.ts";
import { normal } from "../../src/check/random.ts";
import { adamW } from "../../src/kernels/optimizer/adamw.ts";
import { descend } from "../../src/kernels/optimizer/descend.ts";
import { gradientNorm } from "../../src/kernels/optimizer/gradient-norm.ts";
import { lion } from "../../src/kernels/optimizer/lion.ts";
import { momentum } from "../../src/kernels/optimizer/momentum.ts";
import { dense } from "../../src/reference/dense.ts";
import { gradientNorm as reference } from "../../src/reference/optimizers.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { tensor, zeros } from "../../src/tensor/tensor.ts";
import { transpose } from "../../src/tensor/views.ts";
import { testGpu } from "../support/devices/gpu.ts";
import { testCases } from "../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, adamWCases);
testCases(() => gpu, momentumCases);
testCases(() => gpu, descendCases);
testCases(() => gpu, lionCases);

test("the norm of several gradients, and the factor that clips them", async () => {
  const given = [[3, -4], [1, 2, -2, 0, 5, 1], [0.5]];
  const [a, b, c] = given.map((values) => tensor(gpu, [values.length], values));
  const matrix = tensor(gpu, [2, 3], given[1] ?? []);
  const squares = dense(
    [3],
    given.map((values) => values.reduce((sum, value) => sum + value * value, 0)),
  );
  for (const maxNorm of [1, 100]) {
    const skipped = zeros(gpu, [1], "u32");
    const gradients = [a, transpose(matrix), c].flatMap((one) => one ?? []);
    const { clip } = gradientNorm(gpu, { gradients, skipped }, { maxNorm });
    const expected = reference({ squares }, { maxNorm }).clip.values;
    for (const [i, value] of (await clip.read()).entries()) expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 6);
    expect([...(await skipped.read())]).toEqual([0]);
  }
  expect(b?.size).toBe(6);
});

test("the norm of long gradients and of odd ones, in vectors and one by one", async () => {
  const shapes = [[1], [70, 12], [259], [33, 7], [4, 1000], [170, 100]]; // more sums than a workgroup has threads
  const values = shapes.map((shape, i) => normal(sizeOf(shape), i + 1));
  const gradients = shapes.map((shape, i) => tensor(gpu, shape, values[i] ?? []));
  const squares = values.map((one) => one.reduce((sum, value) => sum + Math.fround(value) ** 2, 0));
  const { clip } = gradientNorm(gpu, { gradients, skipped: zeros(gpu, [1], "u32") });
  const [norm = 0] = await clip.read();
  const expected = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
  expect(Math.abs(norm / expected - 1)).toBeLessThan(1e-6);
});

test("a gradient that is not finite is counted, and no parameter moves", async () => {
  const skipped = zeros(gpu, [1], "u32");
  const parameter = tensor(gpu, [3], [1, 2, 3]);
  const [first, second] = [zeros(gpu, [3]), zeros(gpu, [3])];
  const scalars = tensor(gpu, [3], [0.1, 10, 20]);
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, 3e38]) {
    const gradient = tensor(gpu, [3], [1, bad, 1]); // the last overflows when it is squared
    const { clip } = gradientNorm(gpu, { gradients: [gradient], skipped }, { maxNorm: 1 });
    adamW(gpu, { parameter, gradient, first, second, scalars, clip });
  }
  expect([...(await parameter.read()), ...(await first.read())]).toEqual([1, 2, 3, 0, 0, 0]);
  expect([...(await skipped.read())]).toEqual([3]);
  const gradient = tensor(gpu, [3], [0, 0, 0]);
  const { clip } = gradientNorm(gpu, { gradients: [gradient], skipped }, {});
  expect((await clip.read())[1]).toBe(1);
});

test("momentum keeps its bits where the norm is not finite", async () => {
  const [velocity, parameter] = [tensor(gpu, [3], [4, 5, 6]), tensor(gpu, [3], [1, 2, 3])];
  const clip = tensor(gpu, [2], [Number.NaN, 1]);
  const { update } = momentum(gpu, { gradient: tensor(gpu, [3], [Number.NaN, 1, 1]), parameter, velocity, clip });
  descend(gpu, { parameter, update, scalars: tensor(gpu, [1], [0.1]), clip });
  expect([...(await velocity.read()), ...(await parameter.read())]).toEqual([4, 5, 6, 1, 2, 3]);
});

test("refuses settings that make no sense", () => {
  const x = tensor(gpu, [3], [1, 2, 3]);
  const tensors = { parameter: x, gradient: x, first: x, second: x, scalars: x };
  expect(() => adamW(gpu, tensors, { betas: [0.9, 1] })).toThrow("betas");
  expect(() => adamW(gpu, tensors, { eps: -1 })).toThrow("eps");
  expect(() => lion(gpu, { ...tensors, second: undefined } as never, {})).toThrow("second");
  expect(() => momentum(gpu, { gradient: x, parameter: x, velocity: x }, { momentum: 1 })).toThrow("momentum is 1");
  expect(() => gradientNorm(gpu, { gradients: [x], skipped: x }, { maxNorm: 0 })).toThrow("maxNorm");
});
