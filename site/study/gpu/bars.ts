import type { GpuTime, GpuTimes } from "../worker/gpu-protocol.ts";

/** What bounds a text on a device, by rates that the device was measured to reach. */
export interface Bound {
  /** No run takes less. */
  readonly ms: number;
  readonly by: "memory" | "arithmetic";
}

/** The least time in which a device can move a text's bytes once and do its operations; undefined without rates. */
export function boundOf({ bytes, operations }: GpuTime, peaks: GpuTimes["peaks"]): Bound | undefined {
  const memory = peaks?.copyGbs.value ? bytes / peaks.copyGbs.value / 1e6 : undefined;
  if (memory === undefined) return undefined;
  const compute = operations !== undefined && peaks?.tflopsF32.value ? operations / peaks.tflopsF32.value / 1e9 : 0;
  return compute > memory ? { ms: compute, by: "arithmetic" } : { ms: memory, by: "memory" };
}
