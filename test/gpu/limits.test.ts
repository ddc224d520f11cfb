import { describe, expect, test } from "vitest";
import grid from "#shaders/lib/grid.wgsl";
import { requestAdapter } from "../../src/gpu/device/adapter.ts";
import { openGpu } from "../../src/gpu/device/open.ts";
import { GpuError } from "../../src/gpu/errors.ts";
import { wgslModule } from "../../src/gpu/shader/wgsl-module.ts";
import { defineKernel } from "../../src/kernels/define/kernel.ts";
import { empty, placeholder, tensor, upload, zeros } from "../../src/tensor/tensor.ts";
import { testGpu } from "../support/devices/gpu.ts";
import { axpy, scale } from "../support/small-kernels.ts";

const hasSwiftShader = await requestAdapter({ adapter: "swiftshader" }).then(
  () => true,
  () => false,
);

/** A kernel that takes what its constants say. */
const hungry = defineKernel({
  name: "test/hungry",
  source: wgslModule(`
const THREADS: u32 = 1;
const WORDS: u32 = 4;
var<workgroup> memory: array<vec4f, WORDS / 4>;
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(THREADS) fn main(@builtin(local_invocation_index) i: u32) {
  memory[i % (WORDS / 4)] = vec4f(1);
  if (i == 0) { y[0] = memory[0].x; }
}`),
  inputs: {},
  outputs: { y: "[1]" },
  params: () => ({}),
  specialise: (_axes, constants: { readonly THREADS?: number; readonly WORDS?: number }) => ({ constants }),
  workgroups: () => [1],
});

/** `y[i] = i`, an element a workgroup. */
const numbers = defineKernel({
  name: "test/numbers",
  source: wgslModule(
    `struct Params { n: u32 }
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@group(0) @binding(1) var<uniform> params: Params;
@compute @workgroup_size(1)
fn main(grid: Grid) {
  let i = linear_workgroup(grid);
  if (i < params.n) { y[i] = f32(i); }
}`,
    { parts: [grid] },
  ),
  inputs: {},
  outputs: { y: "[n]" },
  axes: (_axes, { n }: { readonly n: number }) => ({ n }),
  params: ({ n }) => ({ n }),
  workgroups: ({ n }) => [n],
});

test("an opened device has the limits it says, and those of its adapter", async () => {
  const gpu = await testGpu();
  const { limits } = gpu.device;
  expect(gpu.limits.binding).toBeLessThanOrEqual(limits.maxStorageBufferBindingSize);
  expect(gpu.limits.buffer).toBeLessThanOrEqual(limits.maxBufferSize);
  expect(gpu.limits.workgroupBytes).toBe(limits.maxComputeWorkgroupStorageSize);
  expect(gpu.limits.invocations).toBe(limits.maxComputeInvocationsPerWorkgroup);
  expect(gpu.limits.storageBuffers).toBe(limits.maxStorageBuffersPerShaderStage);
  expect(gpu.limits.workgroups).toBe(limits.maxComputeWorkgroupsPerDimension);
  const { THREADS, WORDS } = { THREADS: gpu.limits.invocations, WORDS: gpu.limits.workgroupBytes / 4 };
  expect(await hungry(gpu, {}, { THREADS, WORDS }).y.read()).toEqual(Float64Array.of(1));
});

describe("caps are kept, whatever the device could do", async () => {
  const gpu = await testGpu({
    cap: { binding: 4096, buffer: 8192, workgroupBytes: 256, invocations: 32 },
  });

  test("binding", async () => {
    expect(() => empty(gpu, [1025])).toThrow(GpuError);
    expect(() => empty(gpu, [1025], "f32", "y")).toThrow(
      "y: f32 [1025] takes 4100 bytes, more than the 4096 of one binding",
    );
    expect(() => zeros(gpu, [4097], "f16")).toThrow("takes 8194 bytes, more than the 4096");
    const x = placeholder(gpu, [1028], "f32", "x");
    expect(() => gpu.record(() => scale(gpu, { x }, {}))).toThrow(
      "test/scale: x is f32 [1028] and takes 4112 bytes, more than the 4096 of one binding here",
    );
    expect(tensor(gpu, [2, 1024], new Float32Array(2048)).segments.length).toBe(2);
    expect(() => upload(gpu, [2, 1025], "f32", new Float32Array(2050), "weight")).toThrow(
      "weight: one row of [2, 1025] takes 4100 bytes, more than 4096 here",
    );
  });

  test("buffer", async () => {
    expect(() => gpu.allocate("scratch", 8196)).toThrow(
      new GpuError("scratch: a buffer of 8196 bytes is larger than this device's 8192 bytes"),
    );
    expect(gpu.allocate("scratch", 8192).buffer?.size).toBe(8192);
    expect(() => gpu.upload("scratch", 2 ** 40, () => {})).toThrow(GpuError);
  });

  test("workgroup memory", async () => {
    expect(await hungry(gpu, {}, { WORDS: 64 }).y.read()).toEqual(Float64Array.of(1));
    await expect(hungry(gpu, {}, { WORDS: 68 }).y.read()).rejects.toThrow(
      new GpuError("test/hungry: 272 bytes of workgroup memory, this device has 256"),
    );
  });

  test("invocations", async () => {
    expect(await hungry(gpu, {}, { THREADS: 32 }).y.read()).toEqual(Float64Array.of(1));
    await expect(hungry(gpu, {}, { THREADS: 33 }).y.read()).rejects.toThrow(
      new GpuError("test/hungry: 33 threads in a workgroup, this device takes 32"),
    );
  });

  test("storage buffers", async () => {
    const small = await testGpu({ cap: { storageBuffers: 2 } });
    const x = tensor(small, [1], [1]);
    await expect(axpy(small, { x, z: x }, { factor: 1 }).y.read()).rejects.toThrow(
      new GpuError("test/axpy: 3 storage buffers, this device takes 2"),
    );
  });

  test("workgroups of a grid", async () => {
    const small = await testGpu({ cap: { workgroups: 3 } });
    // 9 workgroups fold into 3 × 3; one more does not.
    expect([...(await numbers(small, {}, { n: 9 }).y.read())]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect([...(await numbers(small, {}, { n: 7 }).y.read())]).toEqual([0, 1, 2, 3, 4, 5, 6]); // and 2 leave early
    expect(() => numbers(small, {}, { n: 10 })).toThrow(
      "test/numbers: a grid of [10] workgroups, this device takes 3 in each dimension",
    );
  });
});

describe.skipIf(!hasSwiftShader)("memory that cannot be had", async () => {
  // SwiftShader promises buffers of 1 GiB, and does not have that much.
  const gpu = await openGpu({ adapter: "swiftshader" });
  const [length, some] = [gpu.limits.buffer / 4, 4];
  const x = () => tensor(gpu, [some], [1, 2, 3, 4]);
  const works = async () => {
    const { y } = axpy(gpu, { x: x(), z: x() }, { factor: 1 });
    expect([...(await y.read())]).toEqual([2, 4, 6, 8]);
  };

  test("is an error where it is used, and only there", async () => {
    const huge = empty(gpu, [length], "f32", "huge");
    const other = axpy(gpu, { x: x(), z: x() }, { factor: 1 }).y;
    scale(gpu, { x: huge }, { by: 1 });
    const flushing = gpu.flush();
    await expect(flushing).rejects.toThrow(/^huge: 1073741824 bytes could not be allocated \(/);
    await expect(flushing).rejects.toBeInstanceOf(GpuError);
    expect([...(await other.read())]).toEqual([2, 4, 6, 8]);
    await expect(gpu.read(huge.storage, 0, 4)).rejects.toThrow("could not be allocated");
    await expect(gpu.write(huge.storage, 0, new Uint8Array(4))).rejects.toThrow("could not be allocated");
    await works();
  });

  test("is an error of settle, once, and does not count as allocated", async () => {
    await gpu.settle();
    const before = gpu.buffers.allocatedBytes;
    const huge = empty(gpu, [length], "f32", "cache");
    await expect(gpu.settle()).rejects.toThrow("cache: 1073741824 bytes could not be allocated");
    expect(gpu.buffers.allocatedBytes).toBe(before);
    await gpu.settle();
    huge.dispose();
    const again = empty(gpu, [length], "f32", "cache");
    expect(again.storage.buffer).not.toBe(huge.storage.buffer); // it did not go into the pool
    await expect(gpu.settle()).rejects.toThrow("cache");
    await works();
  });

  test("is an error of instantiate, for temporaries and for results", async () => {
    const temporary = gpu.record(() => {
      const large = empty(gpu, [length]);
      scale(gpu, { x: large }, {});
    });
    await expect(temporary.instantiate()).rejects.toThrow("temporary 0: 1073741824 bytes could not be allocated");
    await expect(temporary.instantiate()).rejects.toThrow("temporary 0: 1073741824 bytes could not be allocated");
    const result = gpu.record(() => scale(gpu, { x: empty(gpu, [length], "f32", "result") }, {}));
    await expect(result.instantiate()).rejects.toThrow("result: 1073741824 bytes could not be allocated");
    await works();
  });
});
