import { GpuError } from "../errors.ts";

/** The limits of a device; `cap` lowers them. */
export interface Limits {
  /** Bytes of one storage binding. */
  readonly binding: number;
  /** Bytes of one buffer. */
  readonly buffer: number;
  /** Bytes of workgroup memory. */
  readonly workgroupBytes: number;
  /** Threads in one workgroup. */
  readonly invocations: number;
  /** Storage buffers in one dispatch. */
  readonly storageBuffers: number;
  /** Workgroups in one dimension of a grid. */
  readonly workgroups: number;
}

/**
 * The limits of an adapter, or those of `cap` where they are lower. Throws `GpuError` for an unknown or invalid cap.
 */
export function limitsOf(real: GPUSupportedLimits, cap: Partial<Limits>): Limits {
  const wholeVectors = (bytes: number) => bytes - (bytes % 16); // so that what fits still fits after padding
  const limits = {
    binding: real.maxStorageBufferBindingSize,
    buffer: real.maxBufferSize,
    workgroupBytes: real.maxComputeWorkgroupStorageSize,
    invocations: real.maxComputeInvocationsPerWorkgroup,
    storageBuffers: real.maxStorageBuffersPerShaderStage,
    workgroups: real.maxComputeWorkgroupsPerDimension,
  };
  for (const [name, value] of Object.entries(cap)) {
    if (!Object.hasOwn(limits, name))
      throw new GpuError(`there is no cap.${name}; there are ${Object.keys(limits).join(", ")}`);
    if (!Number.isInteger(value) || value <= 0)
      throw new GpuError(`cap.${name} is ${value}, expected a positive integer`);
    const limit = name as keyof Limits;
    limits[limit] = Math.min(limits[limit], value);
  }
  return { ...limits, binding: wholeVectors(limits.binding), buffer: wholeVectors(limits.buffer) };
}

/** The limits to request for a device: not below WebGPU's defaults, which browsers refuse or raise. */
export function requiredLimits(limits: Limits, real: GPUSupportedLimits): Record<string, number> {
  const invocations = Math.max(limits.invocations, 256);
  return {
    maxStorageBufferBindingSize: Math.max(limits.binding, 128 << 20),
    maxBufferSize: Math.max(limits.buffer, 256 << 20),
    maxComputeWorkgroupStorageSize: Math.max(limits.workgroupBytes, 16384),
    maxComputeInvocationsPerWorkgroup: invocations,
    maxComputeWorkgroupSizeX: Math.min(real.maxComputeWorkgroupSizeX, invocations),
    maxComputeWorkgroupSizeY: Math.min(real.maxComputeWorkgroupSizeY, invocations),
    maxStorageBuffersPerShaderStage: Math.max(limits.storageBuffers, 8),
    maxComputeWorkgroupsPerDimension: Math.max(limits.workgroups, 65535),
  };
}
