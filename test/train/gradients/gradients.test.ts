import { describe, expect, test } from "vitest";
import { add, mul, sub } from "../../../src/kernels/elementwise/elementwise.ts";
import { gemm } from "../../../src/kernels/gemm/gemm.ts";
import { concat } from "../../../src/kernels/layout/concat.ts";
import { contiguous } from "../../../src/kernels/layout/contiguous.ts";
import { matmul } from "../../../src/kernels/matmul/matmul.ts";
import { sum } from "../../../src/kernels/reduce/reduce.ts";
import { placed, Tensor } from "../../../src/tensor/tensor.ts";
import { reshape, slice, transpose } from "../../../src/tensor/views.ts";
import { gradients } from "../../../src/train/gradients/gradients.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { digitSource } from "../../support/numbers/digits.ts";
import { gradientsOf } from "../../support/numbers/gradients-of.ts";

const gpu = await quickGpu();

const digits = digitSource(gpu);
const total = (x: Tensor) => sum(gpu, { x: reshape(contiguous(gpu, { x }).y, [x.size]) }, { axis: 0 }).y;

describe("the graph", () => {
  test("a value used twice, and twice in one call: y = x² + x", async () => {
    const { x, values } = digits([5]);
    const upstream = digits([5]);
    const squarePlus = ({ x }: { x: Tensor }) => add(gpu, { a: mul(gpu, { a: x, b: x }).y, b: x }).y;
    const found = await gradientsOf(gpu, { x }, squarePlus, { upstream: upstream.x });
    expect(found.gradients.x).toEqual(values.map((v, i) => (upstream.values[i] ?? 0) * (2 * v + 1)));
  });

  test("a diamond: both ways from one value to the loss add up, in the order of the recording", async () => {
    const { x, values } = digits([4]);
    const fn = ({ x }: { x: Tensor }) => {
      const twice = add(gpu, { a: x, b: x }).y;
      const product = mul(gpu, { a: twice, b: x }).y; // 2x²
      return total(sub(gpu, { a: product, b: twice }).y); // 2x² − 2x
    };
    const found = await gradientsOf(gpu, { x }, fn);
    expect(found.gradients.x).toEqual(values.map((v) => 4 * v - 2));
    expect(found.value).toEqual([values.reduce((sum, v) => sum + 2 * v * v - 2 * v, 0)]);
  });

  test("a parameter that the loss does not depend on has none, and results that are not used need none", async () => {
    const [one, other] = [digits([3]), digits([3])];
    const fn = ({ one, other }: { one: Tensor; other: Tensor }) => {
      mul(gpu, { a: one, b: other }); // is not part of the loss
      return total(one);
    };
    const found = await gradientsOf(gpu, { one: one.x, other: other.x }, fn);
    expect(found.gradients).toEqual({ one: [1, 1, 1], other: undefined });
    expect(found.ops.filter((op) => op === "mul")).toHaveLength(1);
  });

  test("the loss may be a parameter itself", async () => {
    const { x } = digits([1]);
    expect((await gradientsOf(gpu, { x }, ({ x }) => x)).gradients.x).toEqual([1]);
  });

  test("a product of a matrix with its own transpose", async () => {
    const x = digits([3, 2]);
    const upstream = digits([3, 3]);
    const fn = ({ x }: { x: Tensor }) => gemm(gpu, { a: x, b: transpose(x) }).y;
    const found = await gradientsOf(gpu, { x: x.x }, fn, { upstream: upstream.x });
    const d = (i: number, j: number) => (upstream.values[3 * i + j] ?? 0) + (upstream.values[3 * j + i] ?? 0);
    const expected = [0, 1, 2].flatMap((i) =>
      [0, 1].map((k) => [0, 1, 2].reduce((sum, j) => sum + d(i, j) * (x.values[2 * j + k] ?? 0), 0)),
    );
    expect(found.gradients.x).toEqual(expected);
  });

  test("a tied weight: the embedding's own matrix is also the head", async () => {
    const weight = digits([5, 3]);
    const x = digits([2, 3]);
    const fn = ({ weight }: { weight: Tensor }) => {
      const first = matmul(gpu, { x: x.x, weight }).y; // [2, 5]
      const second = gemm(gpu, { a: first, b: weight }).y; // [2, 3]
      return total(second);
    };
    const w = (i: number, k: number) => weight.values[3 * i + k] ?? 0;
    const y = [0, 1].map((r) =>
      [0, 1, 2, 3, 4].map((i) => [0, 1, 2].reduce((s, k) => s + (x.values[3 * r + k] ?? 0) * w(i, k), 0)),
    );
    const rowSum = [0, 1, 2, 3, 4].map((i) => w(i, 0) + w(i, 1) + w(i, 2));
    const expected = rowSum.flatMap((sum, i) =>
      [0, 1, 2].map(
        (k) => [0, 1].reduce((s, r) => s + sum * (x.values[3 * r + k] ?? 0) + (y[r]?.[i] ?? 0), 0), // head, then table
      ),
    );
    expect((await gradientsOf(gpu, { weight: weight.x }, fn)).gradients.weight).toEqual(expected);
  });

  test("gradients are taps, by the name of the value", async () => {
    const { x, values } = digits([3]);
    const taps = (name: string) => name === "d square" || name === "square";
    const fn = () => {
      const square = mul(gpu, { a: x, b: x }).y;
      gpu.tap("square", square);
      const cube = mul(gpu, { a: square, b: x }).y;
      return gradients(gpu, total(cube), { x });
    };
    const program = gpu.record(fn, { taps });
    const instance = await program.instantiate();
    instance.run();
    expect([...program.taps.keys()].sort()).toEqual(["d square", "square"]);
    const read = async (name: string) => [...(await placed(instance, program.taps.get(name) as Tensor).read())];
    expect(await read("d square")).toEqual(values);
    expect(await read("square")).toEqual(values.map((v) => v * v));
    instance.dispose();
  });

  test("every call of the backward list names the call whose gradient it computes", () => {
    const [x, weight] = [digits([2, 3]), digits([4, 3])];
    const { calls } = gpu.record(() =>
      gradients(gpu, total(matmul(gpu, { x: x.x, weight: weight.x }).y), { w: weight.x }),
    );
    const backward = calls.filter(({ of }) => of);
    expect(backward.map(({ op, of }) => [op, of?.op])).toContainEqual(["gemm", "matmul"]);
    expect(calls.slice(0, 2).every(({ of }) => of === undefined)).toBe(true);
  });

  test("20 replays equal one run, bit for bit", async () => {
    const [x, weight] = [digits([7, 5]), digits([3, 5])];
    const fn = ({ x, weight }: { x: Tensor; weight: Tensor }) => total(matmul(gpu, { x, weight }).y);
    const once = await gradientsOf(gpu, { x: x.x, weight: weight.x }, fn);
    expect(await gradientsOf(gpu, { x: x.x, weight: weight.x }, fn, { runs: 20 })).toEqual(once);
  });
});

describe("views", () => {
  test("three parts of one projection fill disjoint regions of its gradient, without zeros first", async () => {
    const packed = digits([2, 6]);
    const parts = [digits([2, 1]), digits([2, 2]), digits([2, 3])];
    const fn = ({ packed }: { packed: Tensor }) => {
      const [a, b, c] = [slice(packed, 1, 0, 1), slice(packed, 1, 1, 3), slice(packed, 1, 3, 6)];
      const products = [a, b, c].map((part, i) => total(mul(gpu, { a: part, b: parts[i]?.x as Tensor }).y));
      return products.reduce((left, right) => add(gpu, { a: left, b: right }).y);
    };
    const { gradients: found, ops } = await gradientsOf(gpu, { packed: packed.x }, fn);
    const row = (i: number) => parts.flatMap(({ values }, part) => values.slice(i * (part + 1), (i + 1) * (part + 1)));
    expect(found.packed).toEqual([...row(0), ...row(1)]);
    expect(ops.filter((op) => op === "fill")).toHaveLength(1); // the gradient of the loss
  });

  test("regions that overlap, or leave a gap, start as zeros", async () => {
    const { x } = digits([6]);
    const fn = ({ x }: { x: Tensor }) => add(gpu, { a: total(slice(x, 0, 0, 3)), b: total(slice(x, 0, 2, 5)) }).y; // element 5 is not read
    expect((await gradientsOf(gpu, { x }, fn)).gradients.x).toEqual([1, 1, 2, 1, 1, 0]);
  });

  test("a part, then the whole, then the part again", async () => {
    const { x } = digits([4]);
    const fn = ({ x }: { x: Tensor }) => {
      const parts = [slice(x, 0, 1, 3), x, slice(x, 0, 1, 2)].map(total);
      return parts.reduce((a, b) => add(gpu, { a, b }).y);
    };
    expect((await gradientsOf(gpu, { x }, fn)).gradients.x).toEqual([1, 3, 2, 1]);
  });

  test("a view of a view: heads split, swapped and cut", async () => {
    const { x } = digits([2, 3, 4]); // [t, h, d]
    const upstream = digits([2, 2, 2]); // two heads, both tokens, two elements
    const fn = ({ x }: { x: Tensor }) =>
      contiguous(gpu, { x: slice(slice(transpose(x, [1, 0, 2]), 0, 1, 3), 2, 1, 3) }).y;
    const found = await gradientsOf(gpu, { x }, fn, { upstream: upstream.x });
    const expected = Array.from({ length: 24 }, (_, i) => {
      const [t, h, d] = [Math.floor(i / 12), Math.floor(i / 4) % 3, i % 4];
      return h === 0 || d === 0 || d === 3 ? 0 : upstream.values[(h - 1) * 4 + t * 2 + d - 1];
    });
    expect(found.gradients.x).toEqual(expected);
  });

  test("a view that repeats elements: each has the sum of its repetitions", async () => {
    const { x, values } = digits([2, 3]);
    const upstream = digits([2, 4, 3]);
    const repeated = (x: Tensor) => new Tensor(gpu, [2, 4, 3], "f32", x.segments, [3, 0, 1], x.offset);
    const fn = ({ x }: { x: Tensor }) => mul(gpu, { a: contiguous(gpu, { x: repeated(x) }).y, b: upstream.x }).y;
    const found = await gradientsOf(gpu, { x }, (all) => total(add(gpu, { a: fn(all), b: fn(all) }).y));
    const sumOf = (row: number, column: number) =>
      [0, 1, 2, 3].reduce((sum, i) => sum + 2 * (upstream.values[(row * 4 + i) * 3 + column] ?? 0), 0);
    expect(found.gradients.x).toEqual(values.map((_, i) => sumOf(Math.floor(i / 3), i % 3)));
  });

  test("a parameter of which the gradient is asked as a view has that part of it", async () => {
    const { x, values } = digits([2, 3]);
    const fn = () => total(mul(gpu, { a: x, b: x }).y);
    const found = await gradientsOf(gpu, { row: slice(x, 0, 1, 2), swapped: transpose(x) }, fn);
    expect(found.gradients.row).toEqual(values.slice(3).map((v) => 2 * v));
    expect(found.gradients.swapped).toEqual([0, 3, 1, 4, 2, 5].map((i) => 2 * (values[i] ?? 0)));
  });

  test("a gradient of two storages is not written in place when one of them gets more", async () => {
    const [a, b] = [digits([3]), digits([3])];
    const fn = ({ a, b }: { a: Tensor; b: Tensor }) => {
      const both = add(gpu, { a, b }).y;
      return total(add(gpu, { a: both, b: slice(concat(gpu, [a, a], 0), 0, 1, 4) }).y);
    };
    const found = await gradientsOf(gpu, { a: a.x, b: b.x }, fn);
    expect(found.gradients).toEqual({ a: [2, 2, 2], b: [1, 1, 1] });
  });
});
