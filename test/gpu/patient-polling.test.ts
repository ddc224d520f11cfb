import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { multiplyAdd } from "../../src/kernels/peaks.ts";
import { testGpu } from "../support/devices/gpu.ts";

const gpu = await testGpu();

const isDawns = (callback: unknown, given: readonly unknown[]) =>
  typeof callback === "function" &&
  callback.name === "" &&
  given.length === 0 &&
  /\[native code\]/.test(String(callback));

test.skipIf(!gpu.adapter.software)("a long wait pauses between polls, after the first hundred", async () => {
  const run = () => multiplyAdd(gpu, {}, { n: 1 << 16, turns: 1000, dtype: "f32" }).y.read();
  await run(); // compiles
  const { setImmediate, setTimeout } = globalThis;
  const polls = { all: 0, afterPause: 0 };
  onTestFinished(() => {
    Object.assign(globalThis, { setImmediate, setTimeout });
  });
  const counting =
    (own: (...given: never[]) => unknown, kind: keyof typeof polls) =>
    (callback: unknown, ...given: unknown[]) => {
      if (kind === "afterPause" || isDawns(callback, given)) polls[kind]++;
      return (own as (...all: unknown[]) => unknown)(callback, ...given);
    };
  Object.assign(globalThis, {
    setImmediate: Object.assign(counting(setImmediate, "all"), setImmediate),
    setTimeout: Object.assign(counting(setTimeout, "afterPause"), setTimeout),
  });
  await run();
  expect(polls.afterPause).toBeGreaterThan(0);
  // What ends at once is awaited before the result.
  expect(polls.all - polls.afterPause).toBeGreaterThanOrEqual(100);
  expect(polls.all - polls.afterPause).toBeLessThan(200);
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
