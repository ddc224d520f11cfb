import { expect, test } from "vitest";
import { normal, uniform } from "../../src/kernels/elementwise/random.ts";
import { defineKernel } from "../../src/kernels/kernel.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { randomCases } from "../cases/random.ts";
import { testGpu } from "../support/gpu.ts";
import { testCases } from "../support/run-cases.ts";

const gpu = await testGpu();
for (const table of randomCases) testCases(() => gpu, table);

const words = defineKernel({
  name: "test/threefry",
  source: `// with: lib/threefry
struct Params { n: u32 }
@group(0) @binding(0) var<storage, read> key: array<vec2u>;
@group(0) @binding(1) var<storage, read> counter: array<vec2u>;
@group(0) @binding(2) var<storage, read_write> y: array<vec2u>;
@group(0) @binding(3) var<uniform> params: Params;
@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) workgroup: vec3u) {
  if (workgroup.x < params.n) { y[workgroup.x] = threefry2x32(key[workgroup.x], counter[workgroup.x]); }
}`,
  inputs: { key: "[n, 2]", counter: "[n, 2]" },
  outputs: { y: "[n, 2]" },
  accepts: { key: ["u32"], counter: ["u32"] },
  dtypes: () => ({ y: "u32" }),
  params: ({ n }) => ({ n }),
  workgroups: ({ n }) => [n],
});

test("threefry: the known answers of Random123 for 20 rounds", async () => {
  const all = 0xffffffff;
  const key = tensor(gpu, [3, 2], [0, 0, all, all, 0x13198a2e, 0x03707344], "u32");
  const counter = tensor(gpu, [3, 2], [0, 0, all, all, 0x243f6a88, 0x85a308d3], "u32");
  const expected = [0x6b200159, 0x99ba4efe, 0x1cb996fc, 0xbb002be7, 0xc4923a9c, 0x483df7a0];
  expect([...(await words(gpu, { key, counter }).y.read())]).toEqual(expected);
});

test("uniform numbers spread evenly, and normal ones have mean 0 and variance 1", async () => {
  const count = 100_000;
  const even = await uniform(gpu, [count], { seed: 7 }).read();
  const tenths = new Array<number>(10).fill(0);
  for (const value of even) tenths[Math.floor(value * 10)] = (tenths[Math.floor(value * 10)] ?? 0) + 1;
  for (const size of tenths) expect(Math.abs(size - count / 10)).toBeLessThan(5 * Math.sqrt(count * 0.09));
  const bell = await normal(gpu, [count], { seed: 7 }).read();
  const mean = bell.reduce((sum, value) => sum + value, 0) / count;
  const variance = bell.reduce((sum, value) => sum + value * value, 0) / count;
  expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(count));
  expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
  const within = bell.filter((value) => Math.abs(value) < 1).length / count;
  expect(within).toBeCloseTo(0.6827, 2);
});

test("another seed gives other numbers, the same one the same", async () => {
  const one = await uniform(gpu, [100], { seed: 1 }).read();
  expect(await uniform(gpu, [10, 10], { seed: 1 }).read()).toEqual(one);
  expect(await uniform(gpu, [100], { seed: 2 }).read()).not.toEqual(one);
});

test("a seed that is no u32 is refused", () => {
  expect(() => uniform(gpu, [2], { seed: -1 })).toThrow("params.seed is -1, expected u32");
  expect(() => normal(gpu, [2], { seed: 0.5 })).toThrow("params.seed is 0.5, expected u32");
});
