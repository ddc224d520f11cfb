import { requestAdapter } from "../../../src/gpu/device/adapter.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { testGpu } from "../../support/devices/gpu.ts";

/** The default adapter, and SwiftShader where there is one, by their labels. */
export async function devices(): Promise<ReadonlyMap<string, Gpu>> {
  const gpu = await testGpu();
  const found = new Map([[gpu.adapter.label, gpu]]);
  const other = await requestAdapter({ adapter: "swiftshader" }).catch(() => undefined);
  if (other && !found.has(other.info.label)) found.set(other.info.label, await testGpu({ adapter: "swiftshader" }));
  return found;
}

/** What the device lacks of these features, as a reason to skip a test; undefined if it has them. */
export function lackOf({ device, adapter }: Gpu, features: readonly string[]): string | undefined {
  const missing = features.filter((feature) => !device.features.has(feature as GPUFeatureName));
  if (missing.length > 0) return `no ${missing.join(", ")}`;
  return features.includes("subgroups") && !adapter.subgroupSize ? "subgroups of several sizes" : undefined;
}
