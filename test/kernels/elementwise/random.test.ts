import { expect, test } from "vitest";
import { randomCases } from "../../../src/check/cases/random.ts";
import { normal, uniform } from "../../../src/kernels/elementwise/random.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
for (const table of randomCases) testCases(() => gpu, table);

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
  expect(() => uniform(gpu, [2], { seed: -1 })).toThrow(
    "uniform: seed is -1, expected an integer from 0 to 4294967295",
  );
  expect(() => normal(gpu, [2], { seed: 0.5 })).toThrow(
    "normal: seed is 0.5, expected an integer from 0 to 4294967295",
  );
});
