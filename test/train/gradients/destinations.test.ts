import { expect, test } from "vitest";
import { linearCrossEntropy } from "../../../src/kernels/cross-entropy/linear.ts";
import { add, mul } from "../../../src/kernels/elementwise/elementwise.ts";
import { gemm } from "../../../src/kernels/gemm/gemm.ts";
import { contiguous } from "../../../src/kernels/layout/contiguous.ts";
import { matmul } from "../../../src/kernels/matmul/matmul.ts";
import { sum } from "../../../src/kernels/reduce/reduce.ts";
import { placed, type Tensor, tensor, zeros } from "../../../src/tensor/tensor.ts";
import { reshape, slice, transpose } from "../../../src/tensor/views.ts";
import { gradients } from "../../../src/train/gradients/gradients.ts";
import { writeInto } from "../../../src/train/gradients/write-into.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { digitSource } from "../../support/numbers/digits.ts";
import { gradientsOf } from "../../support/numbers/gradients-of.ts";

const gpu = await quickGpu();
const digits = digitSource(gpu);
const total = (x: Tensor) => sum(gpu, { x: reshape(contiguous(gpu, { x }).y, [x.size]) }, { axis: 0 }).y;
const plus = (a: Tensor, b: Tensor) => add(gpu, { a, b }).y;

/**
 * The sums of columns of a matrix `[n, k]`: the gradient of each row of x by the sum of all results of `x · weightᵀ`.
 */
const columns = (values: readonly number[], k: number) =>
  Array.from({ length: k }, (_, j) => values.filter((__, i) => i % k === j).reduce((total, value) => total + value, 0));

const repeated = (row: readonly number[], times: number) => Array<readonly number[]>(times).fill(row).flat();
const sums = (...rows: readonly (readonly number[])[]) =>
  (rows[0] ?? []).map((_, i) => rows.reduce((total, row) => total + (row[i] ?? 0), 0));

test("products of one value add to its gradient where it is", async () => {
  const x = digits([3, 4]);
  const weights = [digits([5, 4]), digits([2, 4]), digits([3, 4])];
  const fn = ({ x }: { x: Tensor }) =>
    weights.map(({ x: weight }) => total(matmul(gpu, { x, weight }).y)).reduce((left, right) => plus(left, right));
  const found = await gradientsOf(gpu, { x: x.x }, fn);
  const expected = sums(...weights.map(({ values }) => columns(values, 4)));
  expect(found.gradients.x).toEqual(repeated(expected, 3));
  const { calls } = gpu.record(() => gradients(gpu, fn({ x: x.x }), { x: x.x }));
  const backward = calls.filter(({ of }) => of).map(({ op, options }) => (options["accumulate"] ? `${op} onto` : op));
  expect(backward.filter((op) => op.startsWith("gemm"))).toEqual(["gemm", "gemm onto", "gemm onto"]);
  expect(backward).not.toContain("add");
});

test("a weight that two products share has one gradient", async () => {
  const [x, weight] = [digits([2, 3]), digits([3, 3])];
  const fn = ({ weight }: { weight: Tensor }) => {
    const first = matmul(gpu, { x: x.x, weight }).y;
    return plus(total(first), total(matmul(gpu, { x: x.x, weight }).y));
  };
  const one = columns(x.values, 3).map((value) => 2 * value);
  expect((await gradientsOf(gpu, { weight: weight.x }, fn)).gradients.weight).toEqual(repeated(one, 3));
});

test("the gradients of matrices that lie one after the other are written there", async () => {
  const [x, both] = [digits([2, 4]), digits([48, 4])];
  const parts = { upper: slice(both.x, 0, 0, 16), lower: slice(both.x, 0, 16, 48) };
  const fn = ({ upper, lower }: typeof parts) =>
    [upper, lower].map((weight) => total(matmul(gpu, { x: x.x, weight }).y)).reduce((left, right) => plus(left, right));
  const found = await gradientsOf(gpu, parts, fn);
  const row = columns(x.values, 4);
  expect(found.gradients).toEqual({ upper: repeated(row, 16), lower: repeated(row, 32) });
  expect(found.ops.filter((op) => op.startsWith("layout/copy"))).toEqual([]);
});

test("heads of all rows of a batch are written among other columns by one copy", async () => {
  const [b, heads, t, d] = [2, 3, 4, 4];
  const x = digits([b, heads, t, d]);
  const whole = zeros(gpu, [b, t, 2 * heads, d], "f32");
  const view = transpose(slice(whole, 2, heads, 2 * heads), [0, 2, 1, 3]);
  const program = gpu.record(() => writeInto(gpu, x.x, view));
  expect(program.calls.flatMap(({ dispatches }) => dispatches)).toHaveLength(1);
  const instance = await program.instantiate();
  instance.run();
  expect([...(await contiguous(gpu, { x: view }).y.read())]).toEqual(x.values);
  expect(new Set(await contiguous(gpu, { x: slice(whole, 2, 0, heads) }).y.read())).toEqual(new Set([0]));
  instance.dispose();
  program.dispose();
});

test("a gradient that is also another's stays as it is", async () => {
  const [x, z, t, weight] = [digits([2, 3]), digits([2, 3]), digits([2, 3]), digits([4, 3])];
  const fn = ({ x, z }: { x: Tensor; z: Tensor }) => {
    const product = total(matmul(gpu, { x, weight: weight.x }).y); // differentiated after the sum, whose gradient both have
    return plus(product, total(mul(gpu, { a: plus(x, z), b: t.x }).y));
  };
  const found = await gradientsOf(gpu, { x: x.x, z: z.x }, fn);
  expect(found.gradients.z).toEqual(t.values);
  expect(found.gradients.x).toEqual(sums(t.values, repeated(columns(weight.values, 3), 2)));
});

test("the caller's upstream gradient stays as it is", async () => {
  const [x, weight, upstream] = [digits([2, 3]), digits([3, 3]), digits([2, 3])];
  const fn = ({ x }: { x: Tensor }) => {
    const product = matmul(gpu, { x, weight: weight.x }).y;
    return plus(x, product);
  };
  const found = await gradientsOf(gpu, { x: x.x }, fn, { upstream: upstream.x });
  const product = [0, 1].flatMap((r) =>
    [0, 1, 2].map((k) =>
      [0, 1, 2].reduce((s, j) => s + (upstream.values[3 * r + j] ?? 0) * (weight.values[3 * j + k] ?? 0), 0),
    ),
  );
  expect(found.gradients.x).toEqual(sums(upstream.values, product));
  expect([...(await upstream.x.read())]).toEqual(upstream.values);
});

test("rows of what is used whole: those that begin where kernels can write, and those that do not", async () => {
  const [x, whole, top, bottom] = [digits([4, 3]), digits([2, 3]), digits([5, 3]), digits([2, 3])];
  const fn = ({ x }: { x: Tensor }) => {
    const above = matmul(gpu, { x: slice(x, 0, 0, 2), weight: top.x }).y;
    const below = gemm(gpu, { a: slice(x, 0, 2, 4), b: transpose(bottom.x) }).y;
    return plus(plus(total(above), total(below)), total(matmul(gpu, { x, weight: whole.x }).y));
  };
  const rows = [top, top, bottom, bottom].flatMap(({ values }) => columns(values, 3));
  const expected = sums(rows, repeated(columns(whole.values, 3), 4));
  expect((await gradientsOf(gpu, { x: x.x }, fn)).gradients.x).toEqual(expected);
});

test("a product that adds to other memory has no gradient", () => {
  const [a, b, y] = [digits([2, 3]), digits([3, 2]), digits([2, 2])];
  const fn = () =>
    gradients(gpu, total(gemm(gpu, { a: a.x, b: b.x }, { into: { y: y.x }, accumulate: true }).y), { a: a.x });
  expect(() => gpu.record(fn)).toThrow("gradients: gemm that adds to into.y has no rule");
});

test("logits are computed once, and again for a second walk of one recording", async () => {
  const [x, weight] = [digits([3, 4]), digits([5, 4])];
  const targets = tensor(gpu, [3], [1, 0, 4], "i32");
  const program = gpu.record(() => {
    const { loss } = linearCrossEntropy(gpu, { x: x.x, weight: weight.x, targets });
    const wanted = { x: x.x, weight: weight.x };
    return [gradients(gpu, loss, wanted), gradients(gpu, loss, wanted)];
  });
  const products = program.calls.map(({ dispatches }) =>
    dispatches.filter(({ kernel }) => kernel.startsWith("matmul/")),
  );
  expect(products.map(({ length }) => length).filter((count) => count > 0)).toEqual([1, 1]);
  const instance = await program.instantiate();
  instance.run();
  const read = (one: Tensor | undefined) => placed(instance, one as Tensor).read();
  const [first, second] = program.result;
  for (const name of ["x", "weight"] as const) expect(await read(first?.[name])).toEqual(await read(second?.[name]));
  instance.dispose();
});
