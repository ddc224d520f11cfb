import { performance } from "node:perf_hooks";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { multiplyAdd } from "../../src/kernels/peaks/multiply-add.ts";
import { testGpu } from "../support/gpu.ts";

const gpu = await testGpu();

test.skipIf(!gpu.adapter.software)("a wait leaves the core to the adapter that computes on it", async () => {
  const run = () => multiplyAdd(gpu, {}, { n: 1 << 18, turns: 1000, dtype: "f32" }).y.read();
  await run(); // compiles
  const before = performance.eventLoopUtilization();
  await run();
  const { utilization, idle } = performance.eventLoopUtilization(before);
  expect(idle, "milliseconds that nothing ran").toBeGreaterThan(20);
  expect(utilization).toBeLessThan(0.5);
});

test("setImmediate is what it was to everybody else", async () => {
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    setImmediate((word: string) => order.push(word), "first");
    const cancelled = setImmediate(() => order.push("cancelled"));
    clearImmediate(cancelled);
    setImmediate(resolve);
  });
  expect(order).toEqual(["first"]);
  expect(await promisify(setImmediate)("value")).toBe("value");
});
