import { expect, test } from "vitest";
import { BindGroupCache } from "../../src/gpu/program/bind-groups.ts";
import { empty } from "../../src/tensor/tensor.ts";
import { testGpu } from "../support/devices/gpu.ts";

const gpu = await testGpu();
const cache = new BindGroupCache(gpu.device);
const layout = gpu.device.createBindGroupLayout({
  entries: [{ binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: "storage" } }],
});
const buffer = () => gpu.device.createBuffer({ size: 1024, usage: GPUBufferUsage.STORAGE });
const [a, b] = [buffer(), buffer()];

/** The bind group, and whether it was made for this. */
function get(of: GPUBuffer, offset = 0, size = 256) {
  const before = cache.made;
  const group = cache.get(layout, [{ binding: 0, resource: { buffer: of, offset, size } }]);
  return { group, made: cache.made > before };
}

test("a bind group is made once for a buffer and a range", () => {
  const first = get(a);
  expect(first.made).toBe(true);
  expect(get(a)).toEqual({ group: first.group, made: false });
  for (const [of, offset, size] of [
    [b, 0, 256],
    [a, 256, 256],
    [a, 0, 512],
  ] as const) {
    expect(get(of, offset, size).made).toBe(true);
    expect(get(of, offset, size).made).toBe(false);
  }
});

test("those of a buffer that goes are dropped, and no others", () => {
  get(a);
  get(b);
  cache.forget(a);
  expect(get(b).made).toBe(false);
  expect(get(a).made).toBe(true);
  cache.clear();
  expect(get(b).made).toBe(true);
});

test("those of memory that nothing takes again are dropped with it", () => {
  using memory = empty(gpu, [64]); // poisoned memory is used once
  const entries = [{ binding: 0, resource: { buffer: memory.storage.buffer as GPUBuffer, size: 256 } }];
  gpu.bindGroups.get(layout, entries);
  const { made } = gpu.bindGroups;
  gpu.bindGroups.get(layout, entries);
  expect(gpu.bindGroups.made).toBe(made);
  memory.dispose();
  gpu.bindGroups.get(layout, entries);
  expect(gpu.bindGroups.made).toBe(made + 1);
});

test("the least recently used are dropped when there are many", () => {
  cache.clear();
  const many = Array.from({ length: 4096 }, buffer);
  for (const one of many) get(one);
  get(many[0] ?? a);
  expect(get(a).made).toBe(true); // one too many: the second goes
  expect(get(many[0] ?? a).made).toBe(false);
  expect(get(many[1] ?? a).made).toBe(true);
});
