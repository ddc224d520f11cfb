import { expect, test } from "vitest";
import threefryPart from "#shaders/lib/numbers/threefry.wgsl";
import { randomSource } from "../../../src/check/random.ts";
import { wgslModule } from "../../../src/gpu/shader/wgsl-module.ts";
import { defineKernel } from "../../../src/kernels/define/kernel.ts";
import { threefry2x32, uniform01 } from "../../../src/reference/dropout.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";

const gpu = await testGpu();

const source = wgslModule(
  `struct Params { n: u32 }
@group(0) @binding(0) var<storage, read> inputs: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> words: array<vec2u>;
@group(0) @binding(2) var<storage, read_write> uniforms: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.n) { return; }
  words[id.x] = threefry2x32(inputs[id.x].xy, inputs[id.x].zw);
  uniforms[id.x] = f32(words[id.x].x >> 8) * exp2(-24);
}
`,
  { parts: [threefryPart] },
);

const threefry = defineKernel({
  name: "threefry probe",
  source,
  inputs: { inputs: "[n, 4]" },
  outputs: { words: "[n, 2]", uniforms: "[n]" },
  accepts: { inputs: ["u32"] },
  dtypes: () => ({ words: "u32" }),
  params: ({ n }) => ({ n }),
  workgroups: ({ n }) => [Math.ceil(n / 64)],
});

/** Runs the probe on rows of key and counter. */
async function words(rows: readonly (readonly number[])[]) {
  const result = threefry(gpu, { inputs: tensor(gpu, [rows.length, 4], rows.flat(), "u32") });
  return { words: await result.words.readStored(), uniforms: await result.uniforms.readStored() };
}

test("the published vectors of Random123", async () => {
  const { words: bits } = await words([
    [0, 0, 0, 0],
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3],
  ]);
  expect([...bits]).toEqual([0x6b200159, 0x99ba4efe, 0x1cb996fc, 0xbb002be7, 0xc4923a9c, 0x483df7a0]);
});

test("2,000 keys and counters: words and uniform numbers, bit for bit", async () => {
  const source = randomSource(1);
  const rows = Array.from({ length: 2000 }, () => Array.from({ length: 4 }, () => source.integer(2 ** 32)));
  const expected = rows.map(([k0 = 0, k1 = 0, c0 = 0, c1 = 0]) => threefry2x32([k0, k1], [c0, c1]));
  const { words: bits, uniforms } = await words(rows);
  expect([...bits]).toEqual(expected.flat());
  expect([...uniforms]).toEqual(expected.map(([word]) => uniform01(word)));
});
