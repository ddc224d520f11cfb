import { expect, test } from "vitest";
import { environmentOf } from "../../bench/harness/environment.ts";
import { measurePeaks } from "../../bench/harness/peaks.ts";
import { testGpu } from "../support/gpu.ts";

test("peaks are measured, or have a reason, in a few seconds", async () => {
  const gpu = await testGpu({ features: [] });
  gpu.buffers.poison = false;
  const start = performance.now();
  const { tflopsF16, ...others } = await measurePeaks(gpu, { clock: "wall" });
  expect(performance.now() - start).toBeLessThan(60_000);
  expect(tflopsF16).toEqual({ value: null, reason: "this device has no shader-f16" });
  for (const [name, { value, reason }] of Object.entries(others)) {
    expect(reason, name).toBeNull();
    expect(value, name).toBeGreaterThan(0);
  }
});

test("the environment names the adapter, and what was measured of clock and processor", async () => {
  const gpu = await testGpu();
  const environment = await environmentOf(gpu, "wall");
  expect(environment).toMatchObject({ adapter: gpu.adapter.label, software: gpu.adapter.software, clock: "wall" });
  expect(environment.runtime).toBe(`Node ${process.versions.node}`);
  expect(environment.clockQuantumMs).toBeGreaterThan(0);
  expect(environment.clockQuantumMs).toBeLessThan(1);
  expect(environment.encodeUs).toBeGreaterThan(0);
  expect(Math.abs(Date.parse(environment.date) - Date.now())).toBeLessThan(60_000);
});
