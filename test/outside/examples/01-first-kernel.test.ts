import { readFile } from "node:fs/promises";
import { afterEach, expect, test, vi } from "vitest";
import { normal } from "../../../src/check/random.ts";
import { tensor } from "../../../src/index.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { first } from "../../support/first-tier.ts";

const gpu = await quickGpu();
afterEach(() => {
  vi.restoreAllMocks();
});

test("runs from top to bottom and prints the adapter and the result", first, async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  await import("../../../examples/01-first-kernel/main.ts");
  expect(log).toHaveBeenCalledExactlyOnceWith(gpu.adapter.label, Float64Array.of(0, 0, 0, 1, 4, 9));
});

// 4,194,305 elements are one workgroup more than a grid has in one dimension.
test.each([[[1]], [[63]], [[3, 5, 7]], [[4_194_305]]])("squares what is positive of %j", async (shape) => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  const { squaredRelu } = await import("../../../examples/01-first-kernel/main.ts");
  const size = shape.reduce((product, axis) => product * axis, 1);
  const values = Float32Array.from(normal(size, size));
  using x = tensor(gpu, shape, values);
  using y = squaredRelu(gpu, { x }).y;
  expect(y.shape).toEqual(shape);
  const wrong = (await y.read()).findIndex((value, i) => value !== Math.fround(Math.max(values[i] ?? 0, 0) ** 2));
  expect(wrong).toBe(-1);
});

test("is 30 lines of TypeScript at most, and as many of WGSL", async () => {
  for (const file of ["main.ts", "squared-relu.wgsl"]) {
    const text = await readFile(`examples/01-first-kernel/${file}`, "utf8");
    expect(text.trim().split("\n").length, file).toBeLessThanOrEqual(30);
  }
});
