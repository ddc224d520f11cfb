import { afterAll } from "vitest";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { type GpuOptions, openGpu } from "../../src/gpu/open.ts";

/**
 * The device of a test file, with poisoned memory: results start as NaN and nothing is used twice. The adapter is the
 * default one, or the one that `SHADERFORMER_ADAPTER` names.
 */
export async function testGpu(options: GpuOptions = {}): Promise<Gpu> {
  const gpu = await openGpu(options);
  gpu.buffers.poison = true;
  afterAll(() => gpu.close());
  return gpu;
}
