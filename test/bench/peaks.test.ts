import { expect, test } from "vitest";
import { environmentOf } from "../../bench/harness/environment.ts";
import { measurePeaks } from "../../bench/harness/peaks.ts";
import { testGpu } from "../support/devices/gpu.ts";

test("peaks are measured, or have a reason", async () => {
  const gpu = await testGpu({ features: [] });
  gpu.buffers.poison = false;
  const { tflopsF16, ...others } = await measurePeaks(gpu, { clock: "wall" });
  expect(tflopsF16).toEqual({ value: null, reason: "this device has no shader-f16" });
  for (const [name, { value, reason }] of Object.entries(others)) {
    expect(reason, name).toBeNull();
    expect(value, name).toEqual(expect.any(Number));
  }
});

test("the environment names the adapter, and what was measured of clock and processor", async () => {
  const gpu = await testGpu();
  const environment = await environmentOf(gpu, "wall");
  expect(environment).toMatchObject({ adapter: gpu.adapter.label, software: gpu.adapter.software, clock: "wall" });
  expect(environment.runtime).toBe(`Node ${process.versions.node}`);
  expect(environment).toMatchObject({ clockQuantumMs: expect.any(Number), encodeUs: expect.any(Number) });
  expect(environment.date).toMatch(/^20\d\d-\d\d-\d\dT/);
});
