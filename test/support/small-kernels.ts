import type { Gpu } from "../../src/gpu/gpu.ts";
import { wgslModule } from "../../src/gpu/shader/wgsl-module.ts";
import { defineKernel } from "../../src/kernels/define/kernel.ts";
import { placeholder, tensor } from "../../src/tensor/tensor.ts";

// Kernels small enough to see through, for tests of the machinery around kernels.

const workgroups = ({ n }: { readonly n: number }): [number] => [Math.ceil(n / 64)];

/** `y = x + factor · z`. */
export const axpy = defineKernel({
  name: "test/axpy",
  source: wgslModule(`
    struct Params { n: u32, factor: f32 }
    @group(0) @binding(0) var<storage, read> x: array<f32>;
    @group(0) @binding(1) var<storage, read> z: array<f32>;
    @group(0) @binding(2) var<storage, read_write> y: array<f32>;
    @group(0) @binding(3) var<uniform> params: Params;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
      if (id.x < params.n) { y[id.x] = x[id.x] + params.factor * z[id.x]; }
    }`),
  inputs: { x: "[n]", z: "[n]" },
  outputs: { y: "[n]" },
  params: ({ n }, { factor }: { readonly factor: number }) => ({ n, factor }),
  workgroups,
});

/** `x = factor · x + by`, in place. */
export const scale = defineKernel({
  name: "test/scale",
  source: wgslModule(`
    struct Params { n: u32, factor: f32, by: f32 }
    @group(0) @binding(0) var<storage, read_write> x: array<f32>;
    @group(0) @binding(1) var<uniform> params: Params;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
      if (id.x < params.n) { x[id.x] = params.factor * x[id.x] + params.by; }
    }`),
  inputs: {},
  inout: { x: "[n]" },
  params: ({ n }, { factor = 1, by = 0 }: { readonly factor?: number; readonly by?: number }) => ({ n, factor, by }),
  workgroups,
});

/** Does not compile, in its fifth line. */
export const broken = defineKernel({
  name: "test/broken",
  source: wgslModule(`struct Params { n: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;
@compute @workgroup_size(64) fn main() { y[0] = x[0] + missing; }
// the end
`),
  inputs: { x: "[n]" },
  outputs: { y: "[n]" },
  params: ({ n }) => ({ n }),
  workgroups,
});

/** `x + 2x + 3x …`, ending in place: temporaries, an input, a constant, a result. */
export function recordSum(gpu: Gpu, n: number, length = 4) {
  const x = placeholder(gpu, [n], "f32", "x");
  const one = tensor(gpu, [n], new Float32Array(n).fill(1));
  const program = gpu.record(
    () => {
      let sum = axpy(gpu, { x, z: one }, { factor: 0 }).y;
      for (let i = 2; i <= length; i++) {
        sum = axpy(gpu, { x: sum, z: x }, { factor: i }).y;
        gpu.tap(`sum.${i}`, sum);
      }
      scale(gpu, { x: sum }, { by: 0.5 });
      return { sum };
    },
    { taps: (name) => name === "sum.2" },
  );
  return { x, one, program };
}
