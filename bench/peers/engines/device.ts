/** A device's description of itself, for the report. */
export function deviceName(device: GPUDevice | string | null): string {
  if (device === null) return "the processor";
  if (typeof device === "string") return device;
  const subgroups = device.features.has("subgroups") ? "with subgroups" : "without subgroups";
  return `${adapterName(device) || "adapter without a name"}, ${subgroups}`;
}

/**
 * True unless both name their adapters and the names differ: browsers may hide them. The processor is not an adapter.
 */
export function sameAdapter(a: GPUDevice | string | null, b: GPUDevice): boolean {
  if (a === null) return true;
  if (typeof a === "string") return a.includes(b.adapterInfo?.description ?? "");
  const [first, second] = [adapterName(a), adapterName(b)];
  return first === "" || second === "" || first === second;
}

function adapterName(device: GPUDevice): string {
  const info = device.adapterInfo as GPUAdapterInfo | undefined; // browsers have it since 2025
  const { vendor = "", architecture = "", device: id = "", description = "" } = info ?? {};
  return [vendor, architecture, id.replace(/^0x0*$/, ""), description].filter(Boolean).join(" ");
}

/** A device with all the limits that onnxruntime-web requests, and no features but half precision. */
export async function deviceWithoutSubgroups(): Promise<GPUDevice> {
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error("there is no WebGPU adapter");
  const { limits } = adapter;
  return await adapter.requestDevice({
    requiredFeatures: adapter.features.has("shader-f16") ? ["shader-f16"] : [],
    requiredLimits: {
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxBufferSize: limits.maxBufferSize,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxComputeWorkgroupSizeY: limits.maxComputeWorkgroupSizeY,
      maxComputeWorkgroupSizeZ: limits.maxComputeWorkgroupSizeZ,
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
    },
  });
}
