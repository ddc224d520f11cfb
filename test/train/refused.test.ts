import { describe, expect, test } from "vitest";
import { add, mul } from "../../src/kernels/elementwise/elementwise.ts";
import { gather } from "../../src/kernels/embedding/gather.ts";
import { contiguous } from "../../src/kernels/layout/contiguous.ts";
import { sum } from "../../src/kernels/reduce/reduce.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { reshape, slice } from "../../src/tensor/views.ts";
import { gradients } from "../../src/train/gradients/gradients.ts";
import { quickGpu } from "../support/devices/gpu.ts";
import { digitSource } from "../support/numbers/digits.ts";
import { gradientsOf } from "../support/numbers/gradients-of.ts";

const gpu = await quickGpu();

const digits = digitSource(gpu);
const total = (x: Tensor) => sum(gpu, { x: reshape(contiguous(gpu, { x }).y, [x.size]) }, { axis: 0 }).y;

describe("what is refused", () => {
  const { x } = digits([2, 2]);

  test("outside of record", () => {
    expect(() => gradients(gpu, total(x), { x })).toThrow("gradients was called outside of record");
  });

  test("a loss of several numbers, and an upstream gradient of another shape", async () => {
    await expect(gradientsOf(gpu, { x }, ({ x }) => mul(gpu, { a: x, b: x }).y)).rejects.toThrow(
      "gradients: loss is [2, 2], expected one number, or its gradient as upstream",
    );
    const upstream = digits([4]).x;
    await expect(gradientsOf(gpu, { x }, ({ x }) => mul(gpu, { a: x, b: x }).y, { upstream })).rejects.toThrow(
      "gradients: upstream is f32 [4], expected f32 [2, 2] (from loss)",
    );
  });

  test("parameters of integers, and what is no parameter", async () => {
    const ids = tensor(gpu, [2], [0, 1], "u32");
    const table = digits([3, 2]).x;
    const fn = () => total(gather(gpu, { ids, table }).y);
    await expect(gradientsOf(gpu, { ids }, fn)).rejects.toThrow(
      "gradients: parameter ids is u32, expected memory of f32",
    );
    await expect(gradientsOf(gpu, { ids: 3 as never }, fn)).rejects.toThrow("expected ids in it to be a tensor");
    await expect(gradientsOf(gpu, { x }, fn, { upsteam: x } as never)).rejects.toThrow("upstream");
  });

  test("memory that is written again before the loss", async () => {
    const into = { y: digits([2, 2]).x };
    const fn = ({ x }: { x: Tensor }) => {
      const { y } = mul(gpu, { a: x, b: x }, { into });
      const before = total(y);
      add(gpu, { a: x, b: x }, { into });
      return before;
    };
    await expect(gradientsOf(gpu, { x }, fn)).rejects.toThrow(/add overwrites tensor, which \w+ used before the loss/);
    const changed = ({ x }: { x: Tensor }) => {
      const value = total(mul(gpu, { a: x, b: x }).y);
      add(gpu, { a: value, b: value }, { into: { y: reshape(slice(reshape(x, [4]), 0, 0, 1), []) } });
      return value;
    };
    await expect(gradientsOf(gpu, { x }, changed)).rejects.toThrow(
      /add overwrites tensor, which mul used before the loss/,
    );
  });

  test("two writes of parts that do not meet are no overwriting", async () => {
    const y = tensor(gpu, [2, 64], new Array<number>(128).fill(0));
    const [a, b] = [digits([1, 64]), digits([1, 64])];
    const fn = (p: { a: Tensor; b: Tensor }) => {
      add(gpu, { a: p.a, b: p.a }, { into: { y: slice(y, 0, 0, 1) } });
      add(gpu, { a: p.b, b: p.b }, { into: { y: slice(y, 0, 1, 2) } });
      return total(y);
    };
    const { gradients: found } = await gradientsOf(gpu, { a: a.x, b: b.x }, fn);
    expect(found.a).toEqual(new Array(64).fill(2));
    expect(found.b).toEqual(new Array(64).fill(2));
  });

  test("a copy that belongs to no op", async () => {
    const target = digits([2, 2]).x;
    const fn = ({ x }: { x: Tensor }) => {
      const { y } = mul(gpu, { a: x, b: x });
      gpu.copy({ from: y.storage, fromOffset: 0, to: target.storage, toOffset: 0, bytes: 16 });
      return total(target);
    };
    await expect(gradientsOf(gpu, { x }, fn)).rejects.toThrow("x → mul is copied by gpu.copy, which has no gradient");
  });
});
