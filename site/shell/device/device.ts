import { signal } from "@preact/signals";
import type { Fault } from "./self-test.ts";

/** A device, as described to the page by the thread that opened it. */
export interface DeviceFacts {
  readonly label: string;
  readonly vendor: string;
  readonly architecture: string;
  /** True if the processor computes in place of a GPU. */
  readonly software: boolean;
  readonly features: readonly string[];
  readonly subgroupSizes: readonly [smallest: number, largest: number] | null;
  /** Bytes and counts, under the engine's names. */
  readonly limits: Readonly<Record<LimitName, number>>;
  /** How the known-answer test failed; undefined if it passed. */
  readonly fault: Fault | undefined;
}

/** The limits that decide what a device can run. */
export type LimitName = "binding" | "buffer" | "workgroupBytes" | "invocations" | "storageBuffers" | "workgroups";

/** Why there is no device: the first condition that failed. */
export type Missing = "insecure" | "no-webgpu" | "no-adapter" | "no-device" | "no-worker";

/** The state of the page's one device. */
export type DeviceState =
  | { readonly kind: "opening" }
  | { readonly kind: "ready"; readonly facts: DeviceFacts }
  | { readonly kind: "missing"; readonly missing: Missing; readonly detail: string }
  | { readonly kind: "lost"; readonly detail: string };

export const device = signal<DeviceState>({ kind: "opening" });

/** How often the device was lost since the page was opened. */
export const losses = signal(0);

/** Reopens the page's device; set by pages that have one. */
export const reopen = signal<() => void>(() => {});

/** The limits that the page's set-up needs, for the device sheet. */
export const needs = signal<Readonly<Partial<Record<LimitName, number>>>>({});

/** Name and version of the browser, as far as known. */
export function browserName(): string {
  const agent = navigator.userAgent;
  const found =
    /(Firefox|Edg|HeadlessChrome|Chrome)\/([\d.]+)/.exec(agent) ?? /(Version)\/([\d.]+).*Safari/.exec(agent);
  if (!found) return agent;
  const names: Readonly<Record<string, string>> = {
    Edg: "Edge",
    HeadlessChrome: "Chromium, headless",
    Version: "Safari",
  };
  return `${names[found[1] ?? ""] ?? found[1]} ${found[2]}`;
}

const bytes = (value: number) =>
  value >= 2 ** 30
    ? `${Math.round((10 * value) / 2 ** 30) / 10} GiB`
    : value >= 2 ** 20
      ? `${Math.round((10 * value) / 2 ** 20) / 10} MiB`
      : `${Math.round((10 * value) / 1024) / 10} KiB`;

const limitNames: readonly (readonly [LimitName, name: string, show: (value: number) => string])[] = [
  ["binding", "largest binding", bytes],
  ["buffer", "largest buffer", bytes],
  ["workgroupBytes", "memory of a workgroup", bytes],
  ["invocations", "threads of a workgroup", String],
  ["storageBuffers", "storage buffers of a kernel", String],
  ["workgroups", "workgroups of an axis", String],
];

const faultWords: Readonly<Record<Fault["kind"], string>> = {
  wrong: "",
  "not-compiled": "does not compile: ",
  failed: "failed: ",
};

/** A line for each property of a device that matters to the engine. */
export function reportLines(facts: DeviceFacts): readonly (readonly [name: string, value: string])[] {
  const { label, vendor, architecture, software, features, subgroupSizes, fault } = facts;
  const tick = (feature: string) => (features.includes(feature) ? "✓ yes" : "✗ no");
  const sizes =
    features.includes("subgroups") && subgroupSizes ? `, of ${[...new Set(subgroupSizes)].join(" to ")}` : "";
  return [
    ["adapter", label || "the browser does not say"],
    ["vendor, architecture", [vendor, architecture].filter(Boolean).join(", ") || "the browser does not say"],
    ["computes on", software ? "the processor: a software adapter, not your GPU" : "the GPU"],
    ["half precision (shader-f16)", tick("shader-f16")],
    ["subgroups", `${tick("subgroups")}${sizes}`],
    ["timestamps (timestamp-query)", tick("timestamp-query")],
    ["known-answer test", fault ? `✗ ${faultWords[fault.kind]}${fault.says}` : "✓ right"],
    ["browser", browserName()],
  ];
}

/** The six limits: the set-up's requirement, the device's limit, and whether it suffices. */
export function limitLines({ limits }: DeviceFacts): readonly (readonly [name: string, need: string, have: string])[] {
  return limitNames.map(([limit, name, show]) => {
    const need = needs.value[limit];
    return [
      name,
      need === undefined ? "–" : show(need),
      `${show(limits[limit])}${need === undefined ? "" : need <= limits[limit] ? " ✓" : " ✗"}`,
    ];
  });
}
