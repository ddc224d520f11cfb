import { expect, test } from "vitest";
import { BindGroupCache } from "../../src/gpu/bind-groups.ts";
import { testGpu } from "../support/gpu.ts";

const gpu = await testGpu();
const cache = new BindGroupCache((layout, entries) => gpu.createBindGroup(layout, entries));
const layout = gpu.device.createBindGroupLayout({
  entries: [{ binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: "storage" } }],
});
const buffer = () => gpu.device.createBuffer({ size: 1024, usage: GPUBufferUsage.STORAGE });
const [a, b] = [buffer(), buffer()];

/** The bind group, and whether it was made for this. */
function get(of: GPUBuffer, offset = 0, size = 256) {
  const before = gpu.bindGroups;
  const group = cache.get(layout, [{ binding: 0, resource: { buffer: of, offset, size } }]);
  return { group, made: gpu.bindGroups > before };
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

test("the least recently used are dropped when there are many", () => {
  cache.clear();
  const many = Array.from({ length: 1024 }, buffer);
  for (const one of many) get(one);
  get(many[0] ?? a);
  expect(get(a).made).toBe(true); // one too many: the second goes
  expect(get(many[0] ?? a).made).toBe(false);
  expect(get(many[1] ?? a).made).toBe(true);
});
