import { describe, expect, test } from "vitest";
import { ShaderError } from "../../../src/gpu/errors.ts";
import { wgslModule } from "../../../src/gpu/shader/wgsl-module.ts";
import { defineKernel } from "../../../src/kernels/define/kernel.ts";
import { ShapeError } from "../../../src/tensor/shape.ts";
import { empty, Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { moduleText } from "../../../src/wgsl-loader.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { axpy, broken, scale } from "../../support/small-kernels.ts";

const gpu = await testGpu();
const factor = 1;

describe("mistakes of whoever defines a kernel", () => {
  const source = `
struct Params { n: u32, start: i32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;
@compute @workgroup_size(1) fn main() { y[0] = x[params.n + u32(params.start)]; }`;
  const inputs = { x: "[n]" } as const;
  const outputs = { y: "[n]" } as const;
  const workgroups = (): [number] => [1];
  const x = tensor(gpu, [2], [1, 2]);
  const define = (params: Record<string, number>, text = source) =>
    defineKernel({ name: "test/own", source: wgslModule(text), inputs, outputs, workgroups, params: () => params });

  test("tensors have the types that its text declares", async () => {
    const of = (type: string) => define({ n: 0, start: 1 }, source.replaceAll("array<f32>", `array<${type}>`));
    const given = (dtype: "i32" | "u32") => tensor(gpu, [2], [1, 2], dtype);
    expect(() => of("u32")(gpu, { x })).toThrow("test/own: x is f32 [2], expected u32");
    expect(() => of("i32")(gpu, { x: given("u32") })).toThrow("test/own: x is u32 [2], expected i32");
    expect(() => of("vec2<i32>")(gpu, { x })).toThrow("test/own: x is f32 [2], expected i32");
    const { y } = of("u32")(gpu, { x: given("u32") });
    expect(y?.dtype).toBe("u32");
    expect((await y?.read())?.[0]).toBe(2);
  });

  test("tensors have the types that its file declares", async () => {
    const file = moduleText("own.wgsl", source.replaceAll("array<f32>", "array<u32>"));
    const { default: own } = await import(`data:text/javascript,${encodeURIComponent(file)}`);
    const kernel = defineKernel({
      name: "test/own",
      source: own,
      inputs,
      outputs,
      workgroups,
      params: () => ({ n: 0 }),
    });
    expect(() => kernel(gpu, { x })).toThrow("test/own: x is f32 [2], expected u32");
    expect(own.types).toEqual({ x: "u32", y: "u32" });
  });

  test.each(["4", Number.NaN, undefined])("threads of %o are refused", (count) => {
    const own = defineKernel({
      name: "test/own",
      source: wgslModule(source),
      inputs,
      outputs,
      params: () => ({ n: 0, start: 1 }),
      threads: () => count as number,
    });
    expect(() => own(gpu, { x })).toThrow(/test\/own: threads are ("4"|NaN|undefined), expected a number/);
  });

  test.each([
    [() => define({ n: 1 }), ShaderError, "test/own: params.start is not among the values given"],
    [() => define({ n: 1, start: 0, end: 1 }), ShaderError, "test/own: Params has no field end"],
    [() => define({ n: -1, start: 0 }), ShapeError, "test/own: params.n is -1, expected u32"],
    [() => define({ n: 2 ** 32, start: 0 }), ShapeError, "test/own: params.n is 4294967296, expected u32"],
    [() => define({ n: 0.5, start: 0 }), ShapeError, "test/own: params.n is 0.5, expected u32"],
    [() => define({ n: 1, start: -(2 ** 31) - 1 }), ShapeError, "test/own: params.start is -2147483649, expected i32"],
    [
      () => define({ n: 1, start: 0 }, source.replace("var<storage, read> x", "var<storage, read> z")),
      ShaderError,
      "test/own: the shader binds z, but no tensor or uniform was given for it",
    ],
    [
      () => define({ n: 1, start: 0 }, source.replace("@group(0) @binding(0) var<storage, read> x: array<f32>;", "")),
      ShaderError,
      "test/own: the shader has no binding for x",
    ],
    [
      () => define({ n: 1, start: 0 }, source.replace("start: i32", "start: vec2f")),
      ShaderError,
      "test/own: Params of params is not a struct of scalars",
    ],
    [
      () =>
        define(
          { n: 1, start: 0 },
          source + Array.from({ length: 12 }, (_, i) => `@group(1) @binding(${i}) var<uniform> b${i}: f32;`).join("\n"),
        ),
      ShaderError,
      "test/own: 13 uniform buffers, a kernel may use 12",
    ],
  ])("%#", (kernel, kind, message) => {
    expect(() => kernel()(gpu, { x })).toThrow(kind);
    expect(() => kernel()(gpu, { x })).toThrow(message);
  });

  test("uniform structs are filled in the order of their fields", () => {
    const [dispatch] = gpu.record(() => define({ start: -3, n: 7 })(gpu, { x })).dispatches;
    const [uniform] = dispatch?.uniforms ?? [];
    expect(uniform?.bytes.byteLength).toBe(16);
    expect([...new Int32Array(uniform?.bytes.buffer ?? new ArrayBuffer(0))]).toEqual([7, -3, 0, 0]);
  });
});

test("what does not compile", () => {
  const definition = {
    name: "test/types",
    source: wgslModule(""),
    inputs: { x: "[...rows, cols]" },
    outputs: { y: "[cols]" },
  } as const;
  const kernels = () => [
    defineKernel({ ...definition, params: ({ rows, cols }) => ({ rows, cols }), workgroups: ({ rows }) => [rows] }),
    // @ts-expect-error a misspelt axis in params
    defineKernel({ ...definition, params: ({ row }) => ({ row }), workgroups: ({ rows }) => [rows] }),
    // @ts-expect-error a misspelt axis in workgroups
    defineKernel({ ...definition, params: ({ rows }) => ({ rows }), workgroups: ({ column }) => [column] }),
    // @ts-expect-error a grid of four dimensions
    defineKernel({ ...definition, params: () => ({}), workgroups: () => [1, 1, 1, 1] }),
    // @ts-expect-error params are numbers
    defineKernel({ ...definition, params: () => ({ rows: "3" }), workgroups: () => [1] }),
    // @ts-expect-error an output that is not optional cannot be wanted
    defineKernel({ ...definition, wants: () => ({ y: true }), params: () => ({}), workgroups: () => [1] }),
    // @ts-expect-error no workgroups
    defineKernel({ ...definition, params: () => ({}) }),
  ];
  expect(kernels).toBeTypeOf("function"); // the compiler checks it; it is not run

  const optional = defineKernel({
    ...definition,
    outputs: { y: "[cols]", "z?": "[cols]" },
    wants: ({ z }: { readonly z: boolean }) => ({ z }),
    params: () => ({}),
    workgroups: () => [1],
  });
  const calls = (x: Tensor) => [
    optional(gpu, { x }, { z: true, into: { y: x, z: x } }).z?.shape,
    // @ts-expect-error an optional output may be absent
    optional(gpu, { x }, { z: true }).z.shape,
    axpy(gpu, { x, z: x }, { factor }).y.shape,
    // @ts-expect-error there is no output x
    axpy(gpu, { x, z: x }, { factor }).x,
    // @ts-expect-error into names no output
    axpy(gpu, { x, z: x }, { factor, into: { x } }),
    // @ts-expect-error an option that does not exist
    axpy(gpu, { x, z: x }, { factor, factors: 1 }),
    broken(gpu, { x }),
    scale(gpu, { x }),
    // @ts-expect-error undefined is no tensor
    scale(gpu, { x: undefined }),
    new Tensor(gpu, [1], "f32", empty(gpu, [1]).segments),
  ];
  expect(calls).toBeTypeOf("function");
});
