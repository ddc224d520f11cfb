import { expect, test } from "vitest";
import samplingMultiplyHigh from "#shaders/sampling/multiply-high.wgsl";
import { randomSource } from "../../../src/check/random.ts";
import { wgslModule } from "../../../src/gpu/shader/wgsl-module.ts";
import { defineKernel } from "../../../src/kernels/define/kernel.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";

const gpu = await testGpu();

const source = wgslModule(
  `struct Params { n: u32 }
@group(0) @binding(0) var<storage, read> factors: array<vec2u>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.n) { return; }
  y[id.x] = multiply_high(factors[id.x].x, factors[id.x].y);
}
`,
  { parts: [samplingMultiplyHigh] },
);

const multiplyHigh = defineKernel({
  name: "multiply-high probe",
  source,
  inputs: { factors: "[n, 2]" },
  outputs: { y: "[n]" },
  accepts: { factors: ["u32"] },
  dtypes: () => ({ y: "u32" }),
  params: ({ n }) => ({ n }),
  workgroups: ({ n }) => [Math.ceil(n / 64)],
});

test("the high word of the product, exactly, for edges and 2,000 random pairs", async () => {
  const edges = [0, 1, 0xffff, 0x10000, 0x10001, 0x7fffffff, 0x80000000, 0xffff0000, 0xffffffff];
  const source = randomSource(1);
  const pairs = [
    ...edges.flatMap((x) => edges.map((y) => [x, y] as const)),
    ...Array.from({ length: 2000 }, () => [source.integer(2 ** 32), source.integer(2 ** 32)] as const),
  ];
  const { y } = multiplyHigh(gpu, { factors: tensor(gpu, [pairs.length, 2], pairs.flat(), "u32") });
  expect([...(await y.read())]).toEqual(pairs.map(([x, y]) => Number((BigInt(x) * BigInt(y)) >> 32n)));
});
