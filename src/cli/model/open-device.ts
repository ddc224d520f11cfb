import { useTuned } from "../../generate/tuning/tune.ts";
import { openGpu } from "../../gpu/device/open.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { say } from "../output.ts";
import { withoutDriverChatter } from "../terminal.ts";
import type { DeviceFlags } from "./model-options.ts";

/** Opens the device that the options select, with the choices that `tune` has stored for it. */
export async function openDevice({ adapter, features, cap, tuned = true }: DeviceFlags): Promise<Gpu> {
  const options = { adapter, ...(features && { features }), ...(cap && { cap }) };
  const gpu = await withoutDriverChatter(() => openGpu(options));
  if (tuned) await useTuned(gpu, { onWarning: (warning) => say(`warning: ${warning}`) });
  return gpu;
}
