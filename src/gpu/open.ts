import { type Checks, checkOptions, fieldsOf, integer, listOf, object, oneOf, text } from "../options/checks.ts";
import { type AdapterRequest, requestAdapter } from "./adapter.ts";
import { GpuError } from "./errors.ts";
import { Gpu } from "./gpu.ts";
import { type Limits, limitsOf, requiredLimits } from "./limits.ts";

/** Features that kernels have variants for. No others are requested. */
const usefulFeatures = ["shader-f16", "subgroups", "timestamp-query"] as const;

export interface GpuOptions extends AdapterRequest {
  /** Features to use; default all that the engine knows and the adapter has. `[]` runs without any. */
  readonly features?: readonly string[];
  /** Limits lower than the adapter's, to behave as a smaller device would. Bytes and counts. */
  readonly cap?: Partial<Limits>;
}

const limit = integer(1);

/** Checks of the options of `openGpu`. */
export const gpuChecks: Checks<GpuOptions> = {
  adapter: text,
  powerPreference: oneOf("high-performance", "low-power"),
  features: listOf(text),
  cap: object<Limits>({
    binding: limit,
    buffer: limit,
    workgroupBytes: limit,
    invocations: limit,
    storageBuffers: limit,
    workgroups: limit,
  }),
};
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
