import { signal } from "@preact/signals";
import { type Gpu, openGpu } from "../../src/index.ts";
import { readFragment } from "./permalink.ts";

/** Where the page stands with the GPU; there is one device a page. */
export type DeviceState =
  | { readonly kind: "opening" }
  | { readonly kind: "ready"; readonly gpu: Gpu; readonly version: string }
  | { readonly kind: "unsupported"; readonly reason: string }
  | { readonly kind: "lost"; readonly reason: string };

export const device = signal<DeviceState>({ kind: "opening" });

/** Opens the device, anew after a loss. Never throws: what is wrong becomes the state. */
export async function openDevice(): Promise<Gpu | undefined> {
  if (device.value.kind === "ready") return device.value.gpu;
  device.value = { kind: "opening" };
  const simulated = simulatedState();
  if (simulated) {
    device.value = simulated;
    return undefined;
  }
  try {
    const gpu = await openGpu({ powerPreference: "high-performance" });
    device.value = { kind: "ready", gpu, version: browserName() };
    void gpu.device.lost.then(({ reason, message }) => {
      if (device.value.kind !== "ready" || device.value.gpu !== gpu) return;
      device.value = { kind: "lost", reason: message || String(reason) };
    });
    return gpu;
  } catch (error) {
    device.value = { kind: "unsupported", reason: error instanceof Error ? error.message : String(error) };
    return undefined;
  }
}

/** A state that `&sim=` in the address asks for, so that each can be looked at on a machine that has everything. */
function simulatedState(): DeviceState | undefined {
  const states: Readonly<Record<string, DeviceState>> = {
    insecure: {
      kind: "unsupported",
      reason: "this page is not a secure context; open it over https or from localhost",
    },
    "no-webgpu": {
      kind: "unsupported",
      reason: "this browser has no WebGPU; Chrome or Edge 113, Safari 26 and Firefox 141 have",
    },
    "no-adapter": {
      kind: "unsupported",
      reason: "the browser has WebGPU but found no GPU it trusts; turn on hardware acceleration",
    },
    lost: { kind: "lost", reason: "the driver was restarted" },
  };
  const { keys } = readFragment(location.hash);
  return states[keys.get("sim") ?? ""];
}

/** Name and version of the browser, as far as it says. */
export function browserName(): string {
  const agent = navigator.userAgent;
  const found =
    /(Firefox|Edg|Chrome|HeadlessChrome)\/([\d.]+)/.exec(agent) ?? /(Version)\/([\d.]+).*Safari/.exec(agent);
  if (!found) return agent;
  const names: Readonly<Record<string, string>> = {
    Edg: "Edge",
    HeadlessChrome: "Chromium, headless",
    Version: "Safari",
  };
  return `${names[found[1] ?? ""] ?? found[1]} ${found[2]}`;
}

/** A line for each thing that the engine asks of a device, for people and for reports. */
export function deviceReport(gpu: Gpu): readonly (readonly [string, string])[] {
  const { adapter, limits, features } = gpu;
  const mebibytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
  const yes = (feature: string) => (features.has(feature) ? "yes" : "no");
  return [
    ["adapter", adapter.label || "name withheld by the browser"],
    ["vendor, architecture", [adapter.vendor, adapter.architecture].filter(Boolean).join(", ") || "withheld"],
    ["computes on", adapter.software ? "the processor: a software adapter, not your GPU" : "the GPU"],
    ["half precision (shader-f16)", yes("shader-f16")],
    ["subgroups", yes("subgroups")],
    ["timestamps", yes("timestamp-query")],
    ["largest binding", mebibytes(limits.binding)],
    ["largest buffer", mebibytes(limits.buffer)],
    ["workgroup memory", `${limits.workgroupBytes / 1024} KiB`],
    ["threads of a workgroup", String(limits.invocations)],
    ["storage buffers of a kernel", String(limits.storageBuffers)],
    ["browser", browserName()],
  ];
}
