import { describe, expect, test } from "vitest";
import { openGpu } from "../../src/gpu/device/open.ts";
import { GpuError, ShaderError } from "../../src/gpu/errors.ts";
import { compileError } from "../../src/gpu/shader/pipelines.ts";
import { specialise } from "../../src/gpu/shader/specialise.ts";
import { wgslModule } from "../../src/gpu/shader/wgsl-module.ts";
import { defineKernel } from "../../src/kernels/define/kernel.ts";
import { placed, placeholder, replacements, type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { testGpu } from "../support/devices/gpu.ts";
import { axpy, broken, scale } from "../support/small-kernels.ts";

const gpu = await testGpu();
const vector = (...values: number[]) => tensor(gpu, [values.length], values);
const values = async (x: Tensor) => [...(await x.read())];
const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

const part = (name: string, text: string) => wgslModule(text, { name: `test/part/${name}` });
const parts = {
  good: part("good", "fn value() -> f32 { return 1; }\n"),
  bad: part("bad", "// A part.\n\nfn value() -> f32 {\n  let wrong: u32 = 1.5;\n  return f32(wrong);\n}\n"),
  half: part("half", "enable f16;\nfn value() -> f32 { return f32(1h); }\n"),
};
const inPart = defineKernel({
  name: "test/in-part",
  source: wgslModule(
    `@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1) fn main() { y[0] = value(); }
`,
    { parts: [parts.good] },
  ),
  inputs: {},
  outputs: { y: "[1]" },
  params: () => ({}),
  specialise: (_axes, { part = "good" }: { readonly part?: keyof typeof parts }) => ({ parts: [parts[part]] }),
  workgroups: () => [1],
});

describe("a shader that does not compile", () => {
  test("says where, in the kernel's file, with three lines and a caret", async () => {
    const error = await failureOf(broken(gpu, { x: vector(1) }).y.read());
    expect(error).toBeInstanceOf(ShaderError);
    expect(error).toMatchObject({ name: "ShaderError", file: "test/broken", line: 5 });
    expect(String(error)).toBe(
      [
        "ShaderError: test/broken:5: unresolved value 'missing'",
        "    4 | @group(0) @binding(2) var<uniform> params: Params;",
        "    5 | @compute @workgroup_size(64) fn main() { y[0] = x[0] + missing; }",
        "      |                                                        ^",
        "    6 | // the end",
      ].join("\n"),
    );
  });

  test("says where in the part that holds the mistake", async () => {
    const error = await failureOf(inPart(gpu, {}, { part: "bad" }).y.read());
    expect(error).toMatchObject({ name: "ShaderError", file: "test/part/bad", line: 4 });
    expect(String(error)).toMatch(
      /test\/part\/bad:4: .*\n {4}3 \| fn value.*\n {4}4 \| {3}let wrong.*\n {6}\| +\^\n {4}5 \|/,
    );
  });

  test("shows no lines of another part", () => {
    const a = wgslModule("const A = 1;\nconst B = A;", { name: "lib/a" });
    const b = wgslModule("const C = 2;", { name: "lib/b" });
    const kernel = wgslModule("\n@compute @workgroup_size(1) fn main() {}", { name: "test/kernel", parts: [a, b] });
    const shader = specialise(kernel);
    const at = (lineNum: number) => ({ type: "error", message: "no", lineNum, linePos: 7 }) as GPUCompilationMessage;
    expect(compileError(shader, [at(4)]).message).toBe(
      "lib/a:2: no\n    1 | const A = 1;\n    2 | const B = A;\n      |       ^",
    );
    expect(compileError(shader, [at(5)]).message).toBe("lib/b:1: no\n    1 | const C = 2;\n      |       ^");
  });

  test("an error without a place names the kernel", () => {
    const shader = specialise(wgslModule("@compute @workgroup_size(1) fn main() {}", { name: "test/kernel" }));
    const message = { type: "error", message: "the driver is unwell", lineNum: 0, linePos: 0 } as GPUCompilationMessage;
    expect(compileError(shader, [message, message]).message).toBe("test/kernel: the driver is unwell\n(and 1 more)");
  });

  test("a feature that the device was opened without is such an error", async () => {
    const plain = await testGpu({ features: [] });
    const error = await failureOf(inPart(plain, {}, { part: "half" }).y.read());
    expect(error).toMatchObject({ name: "ShaderError", file: "test/part/half", line: 1 });
  });

  test("leaves everything else running, in the same list of work too", async () => {
    const x = vector(1, 2);
    const before = axpy(gpu, { x, z: x }, { factor: 1 }).y;
    const { y } = broken(gpu, { x });
    const after = axpy(gpu, { x: before, z: x }, { factor: 1 }).y;
    const tainted = axpy(gpu, { x: y, z: x }, { factor: 1 }).y;
    await expect(gpu.flush()).rejects.toThrow("test/broken:5");
    expect(await values(before)).toEqual([2, 4]);
    expect(await values(after)).toEqual([3, 6]);
    await expect(y.read()).rejects.toThrow("test/broken:5");
    await expect(tainted.read()).rejects.toThrow("test/broken:5");
    expect(await values(inPart(gpu, {}).y)).toEqual([1]);
  });

  test("taints what is computed later from its results, and what it should have changed", async () => {
    const { y } = broken(gpu, { x: vector(1) });
    await failureOf(gpu.flush());
    const target = vector(5);
    axpy(gpu, { x: y, z: y }, { factor: 1, into: { y: target } });
    scale(gpu, { x: target }, { by: 1 });
    await expect(target.read()).rejects.toThrow("test/broken:5");
    await gpu.write(target.storage, 0, new Uint8Array(Float32Array.of(8).buffer));
    expect(await values(target)).toEqual([8]); // written anew, as a whole
  });

  test("one task's mistake is not another's", async () => {
    const good = async () => {
      for (let i = 0; i < 5; i++) {
        const x = vector(i);
        expect(await values(axpy(gpu, { x, z: x }, { factor: 1 }).y)).toEqual([2 * i]);
      }
    };
    const bad = async () => {
      for (let i = 0; i < 5; i++) await expect(broken(gpu, { x: vector(1) }).y.read()).rejects.toThrow(ShaderError);
    };
    await Promise.all([good(), bad(), good()]);
  });

  test("is reported when a program is instantiated, and so is an input that failed", async () => {
    const x = placeholder(gpu, [1], "f32", "x");
    const wrong = gpu.record(() => broken(gpu, { x }));
    await expect(wrong.instantiate(replacements([[x, vector(1)]]))).rejects.toThrow("test/broken:5");
    const right = gpu.record(() => axpy(gpu, { x, z: x }, { factor: 1 }).y);
    const failed = broken(gpu, { x: vector(1) }).y;
    await failureOf(gpu.flush());
    await expect(right.instantiate(replacements([[x, failed]]))).rejects.toThrow("test/broken:5");
    const instance = await right.instantiate(replacements([[x, vector(3)]]));
    instance.run();
    expect(await values(placed(instance, right.result))).toEqual([6]);
  });
});

describe("a dispatch that the driver refuses", () => {
  const fixedLength = defineKernel({
    name: "test/fixed-length",
    source: wgslModule(`
@group(0) @binding(0) var<storage, read> x: array<f32, 1000>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1) fn main() { y[0] = x[999]; }`),
    inputs: { x: "[n]" },
    outputs: { y: "[1]" },
    params: () => ({}),
    workgroups: () => [1],
  });

  test("fails what it should have written, and the device goes on", async () => {
    const error = await failureOf(fixedLength(gpu, { x: vector(1, 2, 3) }).y.read());
    expect(error).toBeInstanceOf(GpuError);
    expect(String(error)).toContain("4000");
    const x = tensor(gpu, [1000], new Float32Array(1000).fill(4));
    expect(await values(fixedLength(gpu, { x }).y)).toEqual([4]);
  });

  test("fails a program when it is instantiated, and the device goes on", async () => {
    const x = placeholder(gpu, [3], "f32", "x");
    const program = gpu.record(() => fixedLength(gpu, { x }).y);
    await expect(program.instantiate(replacements([[x, vector(1, 2, 3)]]))).rejects.toThrow("the program cannot run");
    expect(await values(scale(gpu, { x: vector(1) }, { by: 1 }).x)).toEqual([2]);
  });

  test("bindings beyond what any device has are a ShaderError", async () => {
    const far = defineKernel({
      name: "test/far",
      source: wgslModule(`@group(7) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1) fn main() { y[0] = 1; }`),
      inputs: {},
      outputs: { y: "[1]" },
      params: () => ({}),
      workgroups: () => [1],
    });
    await expect(far(gpu, {}).y.read()).rejects.toThrow(ShaderError);
    expect(await values(scale(gpu, { x: vector(1) }, { by: 1 }).x)).toEqual([2]);
  });
});

test("options of openGpu that cannot be met", async () => {
  await expect(openGpu({ features: ["time-travel"] })).rejects.toThrow(/has no time-travel$/);
  await expect(openGpu({ cap: { binding: 0 } })).rejects.toThrow("cap.binding is 0, expected an integer of 1 or more");
  await expect(openGpu({ cap: { bindings: 1 } as object })).rejects.toThrow(
    "there is no option cap.bindings; did you mean binding?",
  );
});
