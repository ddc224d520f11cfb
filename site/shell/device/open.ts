// Opens the page's device in the thread that will use it, and describes it.
import { type Gpu, type GpuOptions, openGpu } from "../../../src/index.ts";
import type { DeviceFacts, Missing } from "./device.ts";
import { selfTest } from "./self-test.ts";

/** A device with its description, or the first missing requirement. */
export type Opened =
  | { readonly gpu: Gpu; readonly facts: DeviceFacts }
  | { readonly missing: Missing; readonly detail: string };

const all = ["shader-f16", "subgroups", "timestamp-query"];
const without = (feature: string) => all.filter((other) => other !== feature);

/** What a simulated state omits: the page then really lacks it. */
const lacking: Readonly<Record<string, { readonly features?: readonly string[] } & GpuOptions>> = {
  "no-f16": { features: without("shader-f16") },
  "no-subgroups": { features: without("subgroups") },
  "coarse-timers": { features: without("timestamp-query") },
  "small-limits": { cap: { binding: 64 << 10, buffer: 256 << 10, workgroupBytes: 8 << 10, invocations: 64 } },
  software: { adapter: "software" },
};

/** How to reopen the same device. */
export function optionsOf(sim: string | undefined, { features: had }: DeviceFacts): GpuOptions {
  const { features, ...lack } = lacking[sim ?? ""] ?? {};
  return { powerPreference: "high-performance", ...lack, ...(features ? { features: had } : {}) };
}

const words = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Opens the device and runs the known-answer test on it. Never throws. */
export async function openDevice(sim: string | undefined): Promise<Opened> {
  if (!isSecureContext || sim === "insecure") return { missing: "insecure", detail: "isSecureContext is false" };
  const { gpu: api } = navigator as { gpu?: GPU };
  if (!api || sim === "no-webgpu") return { missing: "no-webgpu", detail: "navigator.gpu is undefined" };
  try {
    const adapter = sim === "no-adapter" ? null : await api.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter) return { missing: "no-adapter", detail: "requestAdapter gave null" };
    if (sim === "no-device") throw new Error("simulated: another page uses all of its memory");
    const { features, ...lack } = lacking[sim ?? ""] ?? {};
    const had = features?.filter((feature) => adapter.features.has(feature as GPUFeatureName));
    const gpu = await openGpu({ powerPreference: "high-performance", ...lack, ...(had ? { features: had } : {}) });
    const { label, vendor, architecture, software } = gpu.adapter;
    const { subgroupMinSize: smallest = 0, subgroupMaxSize: largest = 0 } = adapter.info ?? {};
    const facts = {
      label,
      vendor,
      architecture,
      software,
      limits: { ...gpu.limits },
      features: all.filter((feature) => gpu.features.has(feature)),
      subgroupSizes: largest > 0 ? ([smallest, largest] as const) : null,
      fault: await selfTest(gpu, sim),
    };
    return { gpu, facts };
  } catch (error) {
    return { missing: "no-device", detail: words(error) };
  }
}
