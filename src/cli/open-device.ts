import type { Gpu } from "../gpu/gpu.ts";
import { openGpu } from "../gpu/open.ts";
import type { DeviceFlags } from "./model-options.ts";
import { withoutDriverChatter } from "./terminal.ts";

/** Opens the device that the options select. */
export function openDevice({ adapter, features, cap }: DeviceFlags): Promise<Gpu> {
  return withoutDriverChatter(() => openGpu({ adapter, ...(features && { features }), ...(cap && { cap }) }));
}
