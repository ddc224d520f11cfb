import { describe, expect, test } from "vitest";
import { wgslModule } from "../../../src/gpu/shader/wgsl-module.ts";
import { defineKernel } from "../../../src/kernels/define/kernel.ts";
import { rmsNorm } from "../../../src/kernels/norm/rms-norm.ts";
import { ShapeError } from "../../../src/tensor/shape.ts";
import { type Tensor, tensor, zeros } from "../../../src/tensor/tensor.ts";
import { slice, transpose } from "../../../src/tensor/views.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { axpy, scale } from "../../support/small-kernels.ts";

const gpu = await testGpu();
const vector = (...values: number[]) => tensor(gpu, [values.length], values);
const values = async (x: Tensor) => [...(await x.read())];
const factor = 1;

/** `y[r] = Σ x[r, :]`, x with any strides; `scaled` says by what, if anything. */
const rowSum = defineKernel({
  name: "test/row-sum",
  source: wgslModule(`
struct Params { rows: u32, cols: u32, first: u32, row_step: u32, col_step: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.rows) { return; }
  var sum = 0.0;
  for (var c = 0u; c < params.cols; c++) { sum += x[params.first + id.x * params.row_step + c * params.col_step]; }
  y[id.x] = sum;
}`),
  inputs: { x: "[rows, cols]" },
  outputs: { y: "[rows]" },
  strided: ["x"],
  params: ({ rows, cols }, _options: object, { strides, offsets }) => {
    const [row = 0, col = 0] = strides["x"] ?? [];
    return { rows, cols, first: offsets["x"] ?? 0, row_step: row, col_step: col };
  },
  workgroups: ({ rows }) => [Math.ceil(rows / 64)],
});

/** `y = x + shift.by`, with two groups, a second uniform and a skipped group between them. */
const shift = defineKernel({
  name: "test/shift",
  source: wgslModule(`
struct Shift { by: f32 }
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(2) @binding(0) var<storage, read_write> y: array<f32>;
@group(2) @binding(1) var<uniform> shift: Shift;
@compute @workgroup_size(1) fn main(@builtin(workgroup_id) id: vec3u) { y[id.x] = x[id.x] + shift.by; }`),
  inputs: { x: "[n]" },
  outputs: { y: "[n]" },
  params: () => ({}),
  uniforms: (_axes, { by }: { readonly by: number }) => ({ shift: { by } }),
  workgroups: ({ n }) => [n],
});

/** `y = 2 x`, and `sum[0] = Σ x` on request: one shader, whose part writes the sum or does nothing. */
const doubled = defineKernel({
  name: "test/doubled",
  source: wgslModule(
    `
struct Params { n: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;
@compute @workgroup_size(1) fn main() {
  var all = 0.0;
  for (var i = 0u; i < params.n; i++) { y[i] = 2 * x[i]; all += x[i]; }
  store_sum(all);
}`,
    { parts: [wgslModule("fn store_sum(all: f32) {}", { name: "test/sum/none" })] },
  ),
  inputs: { x: "[n]" },
  outputs: { y: "[n]", "sum?": "[1]" },
  wants: ({ sum = false }: { readonly sum?: boolean }) => ({ sum }),
  params: ({ n }) => ({ n }),
  specialise: (_axes, { sum = false }) => ({
    parts: sum
      ? [
          wgslModule(
            `@group(0) @binding(3) var<storage, read_write> sum: array<f32>;
fn store_sum(all: f32) { sum[0] = all; }`,
            { name: "test/sum/store" },
          ),
        ]
      : [],
  }),
  workgroups: () => [1],
});

describe("an optional output", () => {
  const x = vector(1, 2, 4);
  const bindings = (sum: boolean) =>
    gpu.record(() => doubled(gpu, { x }, { sum })).dispatches.map((one) => one.bindings.map(({ name }) => name));

  test("is made on request, and is not a binding otherwise", async () => {
    const wanted = doubled(gpu, { x }, { sum: true });
    expect(await values(wanted.y)).toEqual([2, 4, 8]);
    expect(wanted.sum && (await values(wanted.sum))).toEqual([7]);
    expect(bindings(true)).toEqual([["x", "y", "sum"]]);
    expect(Object.keys(doubled(gpu, { x }))).toEqual(["y"]);
    expect(bindings(false)).toEqual([["x", "y"]]);
  });

  test("goes into memory given for it, which must fit", async () => {
    const into = { sum: zeros(gpu, [1]) };
    expect(doubled(gpu, { x }, { sum: true, into }).sum).toBe(into.sum);
    expect(await values(into.sum)).toEqual([7]);
    expect(() => doubled(gpu, { x }, { sum: true, into: { sum: zeros(gpu, [2]) } })).toThrow(
      new ShapeError("test/doubled: into.sum is [2], expected [1]"),
    );
  });
});

describe("a call", () => {
  test("gives its outputs, and what it changed in place", async () => {
    const x = vector(1, 2, 3);
    expect(await values(axpy(gpu, { x, z: x }, { factor: 2 }).y)).toEqual([3, 6, 9]);
    const changed = scale(gpu, { x }, { factor: 2 });
    expect(changed.x).toBe(x);
    expect(await values(x)).toEqual([2, 4, 6]);
  });

  test("binds each group of a shader, those that it leaves out empty", async () => {
    expect(await values(shift(gpu, { x: vector(1, 2) }, { by: 0.5 }).y)).toEqual([1.5, 2.5]);
  });

  test("writes into a tensor that is given, where it begins", async () => {
    const room = zeros(gpu, [256]);
    const into = { y: slice(room, 0, 64, 67) };
    const { y } = axpy(gpu, { x: vector(1, 2, 3), z: vector(1, 1, 1) }, { factor, into });
    expect(y).toBe(into.y);
    expect((await values(room)).slice(63, 68)).toEqual([0, 2, 3, 4, 0]);
  });

  test("takes strided views where it says so", async () => {
    const x = tensor(gpu, [3, 4], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(await values(rowSum(gpu, { x }).y)).toEqual([6, 22, 38]);
    expect(await values(rowSum(gpu, { x: transpose(x) }).y)).toEqual([12, 15, 18, 21]);
    expect(await values(rowSum(gpu, { x: slice(slice(x, 0, 1, 3), 1, 2, 4) }).y)).toEqual([13, 21]);
    const long = tensor(
      gpu,
      [200, 3],
      Float64Array.from({ length: 600 }, (_, i) => i),
    ); // binds from byte 1024 on
    expect(await values(rowSum(gpu, { x: slice(long, 0, 100, 102) }).y)).toEqual([903, 912]);
  });

  test("of empty tensors is well defined: no result, or a result of nothing", async () => {
    const submits = gpu.submits;
    const nothing = axpy(gpu, { x: vector(), z: vector() }, { factor });
    expect(nothing.y.shape).toEqual([0]);
    await gpu.flush();
    expect(gpu.submits).toBe(submits);
    expect(await values(nothing.y)).toEqual([]);
    expect(await values(rowSum(gpu, { x: tensor(gpu, [3, 0], []) }).y)).toEqual([0, 0, 0]);
    const end = slice(tensor(gpu, [64, 2], new Float64Array(128)), 1, 2, 2); // begins at the end of its memory
    expect((await values(rowSum(gpu, { x: end }).y)).every((sum) => sum === 0)).toBe(true);
  });

  test("is one entry of the list, with its variant, options, cost and memory", () => {
    const x = vector(1, 2, 3);
    const program = gpu.record(() => axpy(gpu, { x, z: x }, { factor: 3 }));
    const [call, ...others] = program.calls;
    expect(others).toEqual([]);
    expect(call).toMatchObject({ op: "test/axpy", variant: "test/axpy", options: { factor: 3 } });
    expect(call?.dispatches[0]?.cost).toMatchObject({ compulsoryBytes: 36, flops: 0 });
    expect(call?.dispatches[0]?.bindings.map(({ name, access, bytes }) => [name, access, bytes])).toEqual([
      ["x", "read", 12],
      ["z", "read", 12],
      ["y", "read_write", 12],
    ]);
  });

  test("moves each element once, whatever the gaps between them", () => {
    const x = slice(tensor(gpu, [100, 100], new Float64Array(10_000)), 1, 0, 2);
    const [dispatch] = gpu.record(() => rowSum(gpu, { x })).dispatches;
    expect(dispatch?.cost.compulsoryBytes).toBe(4 * (200 + 100));
  });
});

describe("mistakes of the caller", async () => {
  const wide = tensor(gpu, [3, 4], new Float64Array(12));
  const other = await testGpu();
  const disposed = vector(1);
  disposed.dispose();
  const weight = vector(1, 1, 1, 1);

  test.each([
    [
      () => axpy(gpu, { x: vector(1, 2), z: vector(1) }, { factor }),
      "test/axpy: z is [1], expected [n] with n = 2 (from x)",
    ],
    [() => axpy(gpu, { x: wide, z: wide }, { factor }), "test/axpy: x is [3, 4], expected [n] with 1 axes, it has 2"],
    [
      () =>
        rmsNorm(gpu, { x: tensor(gpu, [3, 4], new Float64Array(12), "f16"), weight }, { eps: 0, variant: "workgroup" }),
      "norm/rms-norm: x is f16 [3, 4], expected f32",
    ],
    [
      () => rmsNorm(gpu, { x: transpose(wide), weight: vector(1, 1, 1) }, { eps: 0, variant: "workgroup" }),
      "norm/rms-norm: x is f32 [4, 3], a view with strides [1, 4] from element 0, expected contiguous memory from a " +
        "multiple of 256 bytes; call contiguous first",
    ],
    [
      () => scale(gpu, { x: slice(weight, 0, 1, 4) }, {}),
      "test/scale: x is f32 [3], a view with strides [1] from element 1, expected contiguous",
    ],
    [() => scale(gpu, { x: disposed }, {}), "test/scale: x is f32 [1], and was disposed"],
    [() => scale(other, { x: weight }, {}), "test/scale: x is f32 [4] on another device ("],
    [
      () => axpy(gpu, { x: weight, z: weight }, { factor, into: { y: weight } }),
      "test/axpy: y is written and shares its memory with x",
    ],
    [
      () => axpy(gpu, { x: weight, z: weight }, { factor, into: { y: vector(1) } }),
      "test/axpy: into.y is [1], expected [4]",
    ],
    [
      () => axpy(gpu, { x: weight, z: weight }, { factor, into: { y: zeros(gpu, [4], "i32") } }),
      "test/axpy: into.y is i32 [4], expected f32",
    ],
    [
      () => axpy(gpu, { x: weight, z: weight }, { factor, into: { y: slice(zeros(gpu, [9]), 0, 5, 9) } }),
      "test/axpy: into.y is f32 [4], a view with strides [1] from element 5, expected contiguous",
    ],
    [
      () => axpy(gpu, { x: weight, z: weight }, { factor, into: { y: disposed } }),
      "test/axpy: into.y is [1], expected [4]",
    ],
    [() => axpy(gpu, { x: weight, z: weight }, { factor: 2 ** 127, into: {} }), undefined],
    [
      () => axpy(gpu, { x: weight, z: weight }, { factor: 2 ** 200, into: {} }),
      `test/axpy: params.factor is ${2 ** 200}, expected a number that f32 has`,
    ],
  ])("%#", (call, message) => {
    if (message === undefined) {
      call(); // a large number is no mistake
      return;
    }
    expect(call).toThrow(ShapeError);
    expect(call).toThrow(message);
  });

  test("a mistake records nothing", () => {
    const program = gpu.record(() => {
      expect(() => axpy(gpu, { x: weight, z: wide }, { factor })).toThrow(ShapeError);
    });
    expect(program.dispatches).toEqual([]);
  });

  test("views of one tensor count as one memory", () => {
    const memory = zeros(gpu, [256]);
    const [x, y] = [slice(memory, 0, 0, 64), slice(memory, 0, 64, 128)];
    expect(() => axpy(gpu, { x, z: x }, { factor, into: { y } })).toThrow("y is written and shares its memory with x");
  });

  test.each([Number.NaN, 1e39, -3.5e38])("a number that f32 does not have is refused: %d", (wrong) => {
    expect(() => axpy(gpu, { x: weight, z: weight }, { factor: wrong })).toThrow(
      `test/axpy: params.factor is ${wrong}, expected a number that f32 has`,
    );
  });

  test("what only types forbid is an error without them too", () => {
    // @ts-expect-error z is missing
    expect(() => axpy(gpu, { x: weight }, { factor })).toThrow("test/axpy: z is missing, expected [n]");
    // @ts-expect-error there is no bias
    const extra = () => axpy(gpu, { x: weight, z: weight, bias: weight }, { factor });
    expect(extra).toThrow("test/axpy: takes no bias; it takes x, z");
    // @ts-expect-error factor is missing
    const missing = () => axpy(gpu, { x: weight, z: weight }, {});
    expect(missing).toThrow(
      new ShapeError("test/axpy: params.factor is undefined, expected f32: is an option missing?"),
    );
    // @ts-expect-error the options are missing
    expect(() => axpy(gpu, { x: weight, z: weight })).toThrow("params.factor is undefined");
    // @ts-expect-error the factor is a number
    const text = () => axpy(gpu, { x: weight, z: weight }, { factor: "2" });
    expect(text).toThrow(new ShapeError('test/axpy: params.factor is "2", expected f32'));
  });
});
