import { GpuError } from "../errors.ts";

/** An adapter's description of itself, and whether it computes on the processor. */
export interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /**
   * True for drivers that run shaders on the processor (llvmpipe, SwiftShader, WARP): their speed says nothing about a
   * GPU.
   */
  readonly software: boolean;
  /** Threads of a subgroup, if shaders may use subgroups and all subgroups are of one size. */
  readonly subgroupSize?: number;
  /** One line to show to people, e.g. `llvmpipe (Mesa 25.0.7, LLVM 19.1.7, 256 bits) — software`. */
  readonly label: string;
}

/** Which adapter to request; both fields are optional. */
export interface AdapterRequest {
  /**
   * Which GPU is preferred where there are several.
   * @defaultValue the browser's choice; in Node `high-performance`
   */
  readonly powerPreference?: "low-power" | "high-performance" | undefined;
  /**
   * Words in the adapter's label: `"swiftshader"`, `"lavapipe"`, `"H100"`. Case and punctuation do not matter.
   * @defaultValue any
   */
  readonly adapter?: string | undefined;
}

/** An adapter with its description. */
export interface FoundAdapter {
  readonly adapter: GPUAdapter;
  readonly info: AdapterInfo;
}

const softwareNames = /llvmpipe|lavapipe|softpipe|swiftshader|basic render|\bwarp\b|^software$/i;

/** The description of `adapter`, with its label. */
export function describeAdapter(adapter: GPUAdapter): AdapterInfo {
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  const software =
    isFallbackAdapter === true || [architecture, device, description].some((text) => softwareNames.test(text));
  const name = software ? softwareName(adapter.info) : hardwareName(adapter.info);
  const { subgroupMinSize: least, subgroupMaxSize: most } = adapter.info;
  const one = adapter.features.has("subgroups") && least > 0 && least === most; // Deno has sizes without the feature
  const size = one ? { subgroupSize: least } : {};
  const label = software ? `${name} — software` : name;
  return { vendor, architecture, device, description, software, ...size, label };
}

/**
 * True if every word of `wanted` is part of `name`; lavapipe, Mesa's Vulkan driver, reports its rasteriser's name,
 * llvmpipe.
 */
export function matchesName(wanted: string, name: string): boolean {
  const known = simplify(name);
  return simplify(wanted)
    .split(" ")
    .every((word) => known.includes(word));
}

/** The error for a name that matches no adapter. */
export function unknownAdapter(wanted: string, found: readonly string[]): GpuError {
  const list = found.length > 0 ? found.join("; ") : "none";
  return new GpuError(`no adapter matches "${wanted}"; found: ${list}`);
}

function simplify(name: string): string {
  return name
    .toLowerCase()
    .replaceAll("lavapipe", "llvmpipe")
    .replaceAll(/[^a-z0-9.]+/g, " ")
    .trim();
}

/** llvmpipe's vector width is kept, because it is the subgroup size and most of the speed. */
function softwareName({ vendor, architecture, device, description }: GPUAdapterInfo): string {
  const [, mesa, llvm] = /^llvmpipe: (Mesa [^ )]+) \((LLVM [^)]+)\)/.exec(description) ?? [];
  const [, width] = /(\d+)-bits/.exec(device) ?? [];
  if (mesa && llvm) return `llvmpipe (${[mesa, llvm, width && `${width} bits`].filter(Boolean).join(", ")})`;
  return description || joined(vendor, architecture, device);
}

/** Browsers often give vendor and architecture only; Dawn in Node gives the device and the driver. */
function hardwareName({ vendor, architecture, device, description }: GPUAdapterInfo): string {
  const name = joined(device.startsWith("0x") || !device ? `${vendor} ${architecture}`.trim() : device);
  return description ? `${name} (${description})` : name;
}

function joined(...parts: readonly string[]): string {
  return parts.filter(Boolean).join(" ") || "unnamed adapter";
}
