import { checkOptions, fieldsOf } from "../../options/checks.ts";
import { GpuError } from "../errors.ts";
import { Gpu } from "../gpu.ts";
import { requestAdapter } from "./adapter.ts";
import { type GpuOptions, gpuChecks } from "./gpu-options.ts";
import { limitsOf, requiredLimits } from "./limits.ts";

/** Features that kernels have variants for. No others are requested. */
const usefulFeatures = ["shader-f16", "subgroups", "timestamp-query"] as const;

export type { GpuOptions } from "./gpu-options.ts";

const fields = fieldsOf(gpuChecks);

/**
 * Opens a GPU: the browser's, or Dawn's in Node. The device gets the adapter's actual limits, or those of `cap` where
 * they are lower; limits below WebGPU's defaults are enforced by the engine, since a browser silently raises them.
 * Throws `GpuError` when there is no adapter or it cannot meet an option.
 */
export async function openGpu(options: GpuOptions = {}): Promise<Gpu> {
  checkOptions("openGpu", fields, options);
  const { adapter, info } = await requestAdapter(options);
  const has = (feature: string) => adapter.features.has(feature as GPUFeatureName);
  const features = (options.features ?? usefulFeatures).filter(has);
  const missing = options.features?.filter((feature) => !has(feature)) ?? [];
  if (missing.length > 0) throw new GpuError(`${info.label} has no ${missing.join(", ")}`);

  const limits = limitsOf(adapter.limits, options.cap ?? {});
  const descriptor: GPUDeviceDescriptor = {
    label: "shaderformer",
    requiredFeatures: features as GPUFeatureName[],
    requiredLimits: requiredLimits(limits, adapter.limits),
  };
  const device = await adapter.requestDevice(descriptor).catch((cause: unknown) => {
    throw new GpuError(`${info.label}: no device could be made: ${String(cause)}`, { cause });
  });
  return new Gpu(device, info, limits);
}
