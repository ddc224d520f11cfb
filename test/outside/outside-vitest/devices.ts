// Stands in for `test/support/devices/gpu.ts`: one device for each set of options, shared by all test files.
import { poisoned } from "../../../src/check/canaries.ts";
import { type GpuOptions, openGpu } from "../../../src/gpu/device/open.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { setThreadRows } from "../../../src/kernels/attention/backward/flash-tiles.ts";
import { type Kind, tuneAs } from "../../../src/kernels/tuning.ts";

// From the module itself, in whose place this one is for all others.
export { quick } from "../../support/devices/gpu.ts";

/** The devices open now. */
export const devices: Gpu[] = [];
const known = new Map<string, Promise<Gpu>>();
/** Devices asked for by the file at hand: one that asks twice wants two. */
const asked = new Map<string, number>();

/** Begins a file, which may have the devices of others. */
export function beginDevices(): void {
  asked.clear();
}

/** The device for these options and choices, with poisoned memory. */
export function testGpu(options: GpuOptions = {}, choices?: Kind): Promise<Gpu> {
  const name = JSON.stringify([options, choices]);
  const count = asked.get(name) ?? 0;
  asked.set(name, count + 1);
  const key = `${name} ${count}`;
  const gpu =
    known.get(key) ??
    openGpu(options).then((opened) => {
      poisoned(opened);
      if (choices) tuneAs(opened, choices);
      setThreadRows(opened, 4); // as test/support/devices/gpu.ts
      devices.push(opened);
      return opened;
    });
  known.set(key, gpu);
  return gpu;
}

/** The same: what runs fewer cases sets quick choices itself. */
export const quickGpu = (options?: GpuOptions): Promise<Gpu> => testGpu(options);

/** Tests run one at a time here, so that no other device is needed. */
export const twinOf = (gpu: Gpu): Promise<Gpu> => Promise.resolve(gpu);
