import { type AdapterRequest, requestAdapter } from "./adapter.ts";
import { GpuError } from "./errors.ts";
import { Gpu } from "./gpu.ts";
import type { Limits } from "./pipelines.ts";

const capNames: readonly string[] = [
  "binding",
  "buffer",
  "workgroupBytes",
  "invocations",
  "storageBuffers",
  "workgroups",
] satisfies (keyof Limits)[];

/** Features that kernels have variants for. Others are never asked for. */
const usefulFeatures = ["shader-f16", "subgroups", "timestamp-query"] as const;

export interface GpuOptions extends AdapterRequest {
  /** Features to use, where the adapter has them; default all that the engine knows. `[]` runs without any. */
  readonly features?: readonly string[];
  /** Limits lower than the adapter's, to behave as a smaller device would. Bytes and counts. */
  readonly cap?: Partial<Limits>;
}

/**
 * Opens a GPU: a browser's, or Dawn's in Node. The device gets the limits that the adapter really has, or those of
 * `cap` where they are lower; limits below WebGPU's defaults are enforced by the engine, since a browser silently
 * raises them. Throws `GpuError` when there is no adapter or an option cannot be met.
 */
export async function openGpu(options: GpuOptions = {}): Promise<Gpu> {
  const { adapter, info } = await requestAdapter(options);
  const has = (feature: string) => adapter.features.has(feature as GPUFeatureName);
  const features = (options.features ?? usefulFeatures).filter(has);
  const missing = options.features?.filter((feature) => !has(feature)) ?? [];
  if (missing.length > 0) throw new GpuError(`${info.label} has no ${missing.join(", ")}`);

  const cap = options.cap ?? {};
  for (const [name, value] of Object.entries(cap)) {
    if (!capNames.includes(name)) throw new GpuError(`there is no cap.${name}; there are ${capNames.join(", ")}`);
    if (!Number.isInteger(value) || value <= 0)
      throw new GpuError(`cap.${name} is ${value}, expected a positive integer`);
  }
  const real = adapter.limits;
  const lower = (limit: number, capped: number | undefined) => Math.min(limit, capped ?? limit);
  const wholeVectors = (bytes: number) => bytes - (bytes % 16); // so that what fits still fits once it is padded
  const limits: Limits = {
    binding: wholeVectors(lower(real.maxStorageBufferBindingSize, cap.binding)),
    buffer: wholeVectors(lower(real.maxBufferSize, cap.buffer)),
    workgroupBytes: lower(real.maxComputeWorkgroupStorageSize, cap.workgroupBytes),
    invocations: lower(real.maxComputeInvocationsPerWorkgroup, cap.invocations),
    storageBuffers: lower(real.maxStorageBuffersPerShaderStage, cap.storageBuffers),
    workgroups: lower(real.maxComputeWorkgroupsPerDimension, cap.workgroups),
  };
  const atLeastDefault = (limit: number, standard: number) => Math.max(limit, standard);
  const descriptor: GPUDeviceDescriptor = {
    label: "shaderformer",
    requiredFeatures: features as GPUFeatureName[],
    requiredLimits: {
      maxStorageBufferBindingSize: atLeastDefault(limits.binding, 128 << 20),
      maxBufferSize: atLeastDefault(limits.buffer, 256 << 20),
      maxComputeWorkgroupStorageSize: atLeastDefault(limits.workgroupBytes, 16384),
      maxComputeInvocationsPerWorkgroup: atLeastDefault(limits.invocations, 256),
      maxComputeWorkgroupSizeX: Math.min(real.maxComputeWorkgroupSizeX, atLeastDefault(limits.invocations, 256)),
      maxComputeWorkgroupSizeY: Math.min(real.maxComputeWorkgroupSizeY, atLeastDefault(limits.invocations, 256)),
      maxStorageBuffersPerShaderStage: atLeastDefault(limits.storageBuffers, 8),
      maxComputeWorkgroupsPerDimension: atLeastDefault(limits.workgroups, 65535),
    },
  };
  const device = await adapter.requestDevice(descriptor).catch((cause: unknown) => {
    throw new GpuError(`${info.label}: no device could be made: ${String(cause)}`, { cause });
  });
  return new Gpu(device, info, limits);
}
