import { describe, expect, test } from "vitest";
import weightBf16 from "#shaders/lib/weight/bf16.wgsl";
import weightF16 from "#shaders/lib/weight/f16.wgsl";
import weightF16Packed from "#shaders/lib/weight/f16-packed.wgsl";
import weightF32 from "#shaders/lib/weight/f32.wgsl";
import weightMxfp4 from "#shaders/lib/weight/mxfp4.wgsl";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import type { ShaderModule } from "../../../src/gpu/shader/shader-module.ts";
import { wgslModule } from "../../../src/gpu/shader/wgsl-module.ts";
import { defineKernel } from "../../../src/kernels/define/kernel.ts";
import { weightPart, weightTypes } from "../../../src/kernels/formats/formats.ts";
import { type Tuning, tune } from "../../../src/kernels/tuning.ts";
import { decode, type PlainType } from "../../../src/tensor/dtype.ts";
import { upload, uploadPlanes } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";

const gpu = await testGpu();
const plain = await testGpu({ features: [] });

/** Reads a weight element by element, or four at a time. */
const reader = (name: string, body: string) =>
  defineKernel({
    name: `test/${name}`,
    source: wgslModule(
      `      struct Params { n: u32, k: u32 }
      @group(0) @binding(0) var<storage, read_write> y: array<f32>;
      @group(0) @binding(3) var<uniform> params: Params;
      fn weight_columns() -> u32 { return params.k; }
      @compute @workgroup_size(64)
      fn main(@builtin(global_invocation_id) thread: vec3u) {
        let i = thread.x;
        if (i >= params.n * params.k) { return; }
        let row = i / params.k;
        let k = i % params.k;
        ${body}
      }`,
      { parts: [weightF32] },
    ),
    inputs: { weight: "[n, k]" },
    outputs: { y: "[n, k]" },
    accepts: { weight: weightTypes },
    params: ({ n, k }) => ({ n, k }),
    specialise: (_axes, { part }: { readonly part: ShaderModule }) => ({ parts: [part] }),
    workgroups: ({ n, k }) => [Math.ceil((n * k) / 64)],
  });
const one = reader("one", "y[i] = load_weight(row, k);");
const four = reader("four", "y[i] = load_weight4(row, k - k % 4)[k % 4];");

const patterns = Uint16Array.from({ length: 65_536 }, (_, i) => i);

/** Every bit pattern of a 16-bit type, in rows of `k`, against the number that it stands for. */
async function checkAll(device: Gpu, dtype: PlainType, part: ShaderModule, read: typeof one, k: number): Promise<void> {
  const n = Math.floor(patterns.length / k);
  const used = patterns.subarray(0, n * k);
  const weight = upload(device, [n, k], dtype, used);
  const actual = await read(device, { weight }, { part }).y.read();
  const expected = decode(dtype, used);
  const wrong = [...used].filter((bits) => !Object.is(actual[bits], expected[bits]));
  expect(wrong.map((bits) => `0x${bits.toString(16)}: ${actual[bits]}, expected ${expected[bits]}`)).toEqual([]);
}

describe.each([
  { dtype: "f16", part: weightF16, feature: "shader-f16" },
  { dtype: "f16", part: weightF16Packed, feature: "" },
  { dtype: "bf16", part: weightBf16, feature: "" },
] as const)("$part.name reads every bit pattern exactly", ({ dtype, part, feature }) => {
  const device = feature === "" ? plain : gpu;
  const missing = feature !== "" && !gpu.features.has(feature);
  test.skipIf(missing)("four at a time", () => checkAll(device, dtype, part, four, 256));
  test.skipIf(missing)("one by one", () => checkAll(device, dtype, part, one, 256));
  test.skipIf(missing)("one by one, in rows of an odd length", () => checkAll(device, dtype, part, one, 257));
  test.skipIf(missing)("one by one, in rows of 2 past a multiple of 4", () => checkAll(device, dtype, part, one, 514));
  // A tensor that ends within a vector: the last elements must be there, though no whole vector holds them.
  test.skipIf(missing)("a few elements", async () => {
    for (const size of [1, 2, 3, 5, 7]) await checkAllOf(device, dtype, part, size);
  });
});

async function checkAllOf(device: Gpu, dtype: PlainType, part: ShaderModule, size: number): Promise<void> {
  const elements = Uint16Array.from({ length: size }, (_, i) => 0x3c00 + i);
  const actual = await one(device, { weight: upload(device, [size, 1], dtype, elements) }, { part }).y.read();
  expect([...actual]).toEqual([...decode(dtype, elements)]);
}

test("f32, one by one and four at a time, whole vectors or not", async () => {
  for (const [n, k] of [
    [1, 1],
    [3, 1],
    [5, 7],
    [9, 12],
  ] as const) {
    const values = Float32Array.from({ length: n * k }, (_, i) => Math.fround(Math.sqrt(i + 1)));
    const weight = upload(gpu, [n, k], "f32", values);
    for (const read of k % 4 === 0 ? [one, four] : [one]) {
      expect([...(await read(gpu, { weight }, { part: weightF32 }).y.readStored())]).toEqual([...values]);
    }
  }
});

describe("lib/weight/mxfp4 reads every code with every exponent exactly", () => {
  // Rows of two blocks: the sixteen codes in order and in reverse, and the exponents 0 to 252, whose numbers f32 holds.
  const exponents = Uint8Array.from({ length: 2 * 253 }, (_, block) => block % 253);
  const codes = Array.from({ length: 32 }, (_, i) => (i < 16 ? i : 31 - i));
  const data = Uint8Array.from({ length: 16 * exponents.length }, (_, i) => {
    const at = (2 * i) % 32;
    return (codes[at] ?? 0) | ((codes[at + 1] ?? 0) << 4);
  });
  const magnitudes = [0, 0.5, 1, 1.5, 2, 3, 4, 6];
  const expected = [...exponents].flatMap((exponent) =>
    codes.map((code) => (magnitudes[code & 7] ?? 0) * (code < 8 ? 1 : -1) * 2 ** (exponent - 127)),
  );
  test.each([
    ["four at a time", four],
    ["one by one", one],
  ])("%s", async (_, read) => {
    const weight = uploadPlanes(plain, [253, 64], "mxfp4", { data, scales: exponents });
    expect(await weight.read()).toEqual(Float64Array.from(expected));
    const actual = await read(plain, { weight }, { part: weightMxfp4 }).y.read();
    const wrong = expected.flatMap((value, i) => (Object.is(actual[i], value) ? [] : [[i, actual[i], value]]));
    expect(wrong).toEqual([]);
  });
});

test("the part depends on type, feature and tuning", () => {
  const device = (f16: Tuning["f16"], ...features: string[]) => {
    const given = { features: new Set(features), adapter: gpu.adapter, limits: gpu.limits };
    tune(given, { f16 });
    return given;
  };
  expect(weightPart("f32", device("native", "shader-f16")).part.name).toBe("lib/weight/f32");
  expect(weightPart("bf16", device("native", "shader-f16")).part.name).toBe("lib/weight/bf16");
  expect(weightPart("f16", device("native", "shader-f16")).part.name).toBe("lib/weight/f16");
  expect(weightPart("f16", device("packed", "shader-f16")).part.name).toBe("lib/weight/f16-packed");
  expect(weightPart("f16", device("native")).part.name).toBe("lib/weight/f16-packed");
});
