import { describe, expect, test } from "vitest";
import { wgslModule } from "../../../src/gpu/shader/wgsl-module.ts";
import { defineKernel } from "../../../src/kernels/define/kernel.ts";
import { add, div, mul, sub } from "../../../src/kernels/elementwise/elementwise.ts";
import { where } from "../../../src/kernels/elementwise/where.ts";
import { contiguous } from "../../../src/kernels/layout/contiguous.ts";
import { matmul } from "../../../src/kernels/matmul/matmul.ts";
import { mean, sum } from "../../../src/kernels/reduce/reduce.ts";
import { softmax } from "../../../src/kernels/softmax/softmax.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { reshape, slice } from "../../../src/tensor/views.ts";
import { ruleOf } from "../../../src/train/gradients/rule.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { digitSource } from "../../support/numbers/digits.ts";
import { gradientsOf } from "../../support/numbers/gradients-of.ts";

const gpu = await quickGpu();

const digits = digitSource(gpu);
const total = (x: Tensor) => sum(gpu, { x: reshape(contiguous(gpu, { x }).y, [x.size]) }, { axis: 0 }).y;

describe("rules of ops", () => {
  test("repeated operands get sums: [2, 3] with [3], [2, 1] and one number", async () => {
    const [x, row, column, one] = [digits([2, 3]), digits([3]), digits([2, 1]), digits([1])];
    const upstream = digits([2, 3]);
    const u = (i: number, j: number) => upstream.values[3 * i + j] ?? 0;
    const fn = (p: { x: Tensor; row: Tensor; column: Tensor; one: Tensor }) => {
      const shifted = sub(gpu, { a: mul(gpu, { a: p.x, b: p.column }).y, b: p.row }).y;
      return add(gpu, { a: shifted, b: p.one }).y;
    };
    const given = { x: x.x, row: row.x, column: column.x, one: one.x };
    const { gradients: found } = await gradientsOf(gpu, given, fn, { upstream: upstream.x });
    expect(found.row).toEqual([0, 1, 2].map((j) => -(u(0, j) + u(1, j))));
    expect(found.one).toEqual([upstream.values.reduce((sum, v) => sum + v, 0)]);
    expect(found.column).toEqual(
      [0, 1].map((i) => [0, 1, 2].reduce((s, j) => s + u(i, j) * (x.values[3 * i + j] ?? 0), 0)),
    );
    expect(found.x).toEqual(
      x.values.map((_, at) => u(Math.floor(at / 3), at % 3) * (column.values[Math.floor(at / 3)] ?? 0)),
    );
  });

  test("a quotient, a choice, a mean", async () => {
    const x = digits([4]);
    const by = tensor(gpu, [4], [1, 2, 4, -2]);
    const condition = tensor(gpu, [4], [1, 0, 1, 0], "u32");
    const fn = ({ x, by }: { x: Tensor; by: Tensor }) => {
      const { y } = div(gpu, { a: x, b: by });
      return mean(gpu, { x: where(gpu, { condition, a: y, b: x }).y }, { axis: -1 }).y;
    };
    const { gradients: found } = await gradientsOf(gpu, { x: x.x, by }, fn);
    expect(found.x).toEqual([1, 1, 0.25, 1].map((v) => v / 4));
    expect(found.by?.map((v) => v + 0)).toEqual(
      [1, 2, 4, -2].map((v, i) => (i % 2 === 0 ? -(x.values[i] ?? 0) / (4 * v * v) : 0)),
    );
  });

  test("softmax: p · (dy − Σ p · dy)", async () => {
    const x = digits([2, 3]);
    const upstream = digits([2, 3]);
    const fn = (p: { x: Tensor }) => softmax(gpu, p).y;
    const { gradients: found } = await gradientsOf(gpu, { x: x.x }, fn, { upstream: upstream.x });
    const rows = [0, 1].flatMap((row) => {
      const [weights, dy] = [
        x.values.slice(3 * row, 3 * row + 3).map(Math.exp),
        upstream.values.slice(3 * row, 3 * row + 3),
      ];
      const sum = weights.reduce((a, b) => a + b);
      const p = weights.map((weight) => weight / sum);
      const along = p.reduce((total, weight, i) => total + weight * (dy[i] ?? 0), 0);
      return p.map((weight, i) => weight * ((dy[i] ?? 0) - along));
    });
    expect(found.x?.map((value, i) => Math.abs(value - (rows[i] ?? 0)) < 1e-6)).toEqual(rows.map(() => true));
  });

  test("a weight in several segments has a gradient in as many", async () => {
    const small = await quickGpu({ cap: { binding: 256 * 64 } });
    const weight = digits([128, 64], small); // 32 KiB, two segments
    const x = digits([2, 64], small);
    expect(weight.x.segments.length).toBe(2);
    const upstream = digits([2, 128], small);
    const fn = (p: { weight: Tensor; x: Tensor }) => matmul(small, p).y;
    const given = { weight: weight.x, x: x.x };
    const { gradients: found } = await gradientsOf(small, given, fn, { upstream: upstream.x });
    const u = (i: number, j: number) => upstream.values[128 * i + j] ?? 0;
    expect(found.weight).toEqual(
      weight.values.map((_, at) =>
        [0, 1].reduce((s, i) => s + u(i, Math.floor(at / 64)) * (x.values[64 * i + (at % 64)] ?? 0), 0),
      ),
    );
    expect(found.x).toEqual(
      x.values.map((_, at) =>
        Array.from(
          { length: 128 },
          (__, j) => u(Math.floor(at / 64), j) * (weight.values[64 * j + (at % 64)] ?? 0),
        ).reduce((s, v) => s + v, 0),
      ),
    );
  });

  test("an op of your own, by a rule of your own", async () => {
    const triple = defineKernel({
      name: "test/triple",
      source: wgslModule(`
        @group(0) @binding(0) var<storage, read> x: array<f32>;
        @group(0) @binding(1) var<storage, read_write> y: array<f32>;
        @compute @workgroup_size(64)
        fn main(@builtin(global_invocation_id) id: vec3u) {
          if (id.x < arrayLength(&x)) { y[id.x] = 3.0 * x[id.x]; }
        }`),
      inputs: { x: "[n]" },
      outputs: { y: "[n]" },
      params: () => ({}),
      workgroups: ({ n }) => [Math.ceil(n / 64)],
    });
    const { x } = digits([5]);
    const fn = ({ x }: { x: Tensor }) => total(triple(gpu, { x }, {}).y);
    await expect(gradientsOf(gpu, { x }, fn)).rejects.toThrow(
      "gradients: test/triple/test/triple has no rule for its gradient; on the way from a parameter to the loss: x → test/triple",
    );
    const rule = ruleOf<{ x: Tensor }, { y: Tensor }>(triple, (gpu, { gradient }) => ({
      x: gradient.y && triple(gpu, { x: gradient.y }, {}).y,
    }));
    expect((await gradientsOf(gpu, { x }, fn, { rules: [rule] })).gradients.x).toEqual([3, 3, 3, 3, 3]);
    const wrong = ruleOf<{ x: Tensor }, { y: Tensor }>(triple, (_gpu, { gradient }) => ({
      x: gradient.y && slice(gradient.y, 0, 0, 2),
    }));
    await expect(gradientsOf(gpu, { x }, fn, { rules: [wrong] })).rejects.toThrow(
      "gradients: the rule of test/triple gives f32 [2] for x, expected f32 [5]",
    );
  });
});
