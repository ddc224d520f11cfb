// Stands in for `test/support/gpu.ts`: one device for each set of options, shared by all test files.
import type { Gpu } from "../../src/gpu/gpu.ts";
import { type GpuOptions, openGpu } from "../../src/gpu/open.ts";

/** The devices open now. */
export const devices: Gpu[] = [];
const known = new Map<string, Promise<Gpu>>();

/** The device for these options, with poisoned memory. */
export function testGpu(options: GpuOptions = {}): Promise<Gpu> {
  const key = JSON.stringify(options);
  const gpu =
    known.get(key) ??
    openGpu(options).then((opened) => {
      opened.buffers.poison = true;
      devices.push(opened);
      return opened;
    });
  known.set(key, gpu);
  return gpu;
}
