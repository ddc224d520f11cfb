import { GpuError } from "../errors.ts";
import {
  type AdapterRequest,
  describeAdapter,
  type FoundAdapter,
  matchesName,
  unknownAdapter,
} from "./adapter-info.ts";

export type { AdapterInfo } from "./adapter-info.ts";

/**
 * Finds an adapter: through `navigator.gpu` where there is one, else, in Node, through Dawn (see `adapter-node.ts` for
 * the order). Throws `GpuError` when there is none, with what to enable or install, and lists the adapters found when
 * `request.adapter` names none of them.
 */
export async function requestAdapter(request: AdapterRequest = {}): Promise<FoundAdapter> {
  const gpu = (globalThis.navigator as { gpu?: GPU } | undefined)?.gpu;
  if (gpu) return await requestBrowserAdapter(gpu, request);
  if (globalThis.process?.versions?.node) {
    const { requestNodeAdapter } = await import("./adapter-node.ts");
    return await requestNodeAdapter(request);
  }
  throw new GpuError((await import("./no-webgpu.ts")).noWebGpu());
}

async function requestBrowserAdapter(gpu: GPU, { powerPreference, adapter: wanted }: AdapterRequest) {
  const asked: GPURequestAdapterOptions = powerPreference ? { powerPreference } : {};
  // A browser cannot list its adapters; these requests may return different ones.
  const requests: GPURequestAdapterOptions[] = wanted
    ? [
        asked,
        { powerPreference: "high-performance" },
        { powerPreference: "low-power" },
        { ...asked, forceFallbackAdapter: true },
      ]
    : [asked];
  const found = new Set<string>();
  for (const options of requests) {
    const adapter = await gpu.requestAdapter(options);
    if (!adapter) continue;
    const info = describeAdapter(adapter);
    if (!wanted || matchesName(wanted, info.label)) return { adapter, info };
    found.add(info.label);
  }
  if (wanted && found.size > 0) throw unknownAdapter(wanted, [...found]);
  throw new GpuError((await import("./no-webgpu.ts")).noAdapter);
}
