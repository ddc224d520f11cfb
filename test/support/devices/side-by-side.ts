// Runs tests of kernels two at a time, each on a separate device: a software adapter compiles a pipeline on one core,
// which takes longer than all else that such a test does, and those of two devices at once.
import { test } from "vitest";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { twinOf } from "./gpu.ts";

const busy = new WeakSet<Gpu>();

/**
 * Declares a test that may run at the same time as another, on `gpu` or on one like it. vitest runs two at a time
 * (`maxConcurrency`).
 */
export function testBeside(
  name: string,
  gpu: () => Gpu,
  body: (gpu: Gpu) => Promise<unknown>,
  options: { tags?: "first" } = {},
): void {
  test.concurrent(name, options, async () => {
    const own = busy.has(gpu()) ? await twinOf(gpu()) : gpu();
    busy.add(own);
    try {
      await body(own);
    } finally {
      busy.delete(own);
    }
  });
}
