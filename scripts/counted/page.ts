// The generated parts of docs/counted.md: tables of what is counted, and why what is above the limits stays.
import type { Gpu } from "../../src/gpu/gpu.ts";
import { type CountedCall, type CountedCalls, countedCalls } from "./calls.ts";
import type { AccessFacts, KernelFacts } from "./count.ts";
import { asGpu } from "./count.ts";
import { reasons } from "./reasons.ts";

/** Above these, and from this share on, an access needs a reason. */
const limits = { excess: 1.25, ways: 2, share: 0.1 } as const;

/** A core of a GPU: the threads that it holds at a time, and the bytes of its workgroup memory. */
const cores = [
  { name: "NVIDIA", threads: 48 * 32, bytes: 100 * 1024 },
  { name: "AMD", threads: 32 * 32, bytes: 64 * 1024 },
  { name: "Apple", threads: 3072, bytes: 64 * 1024 },
] as const;

const heads = ["call", "kernel", "excess", "n-way", "active", "barriers", "slots", "bytes", "threads"];

const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
const table = (heads: readonly string[], rows: readonly (readonly string[])[]) =>
  [heads, heads.map(() => "---"), ...rows].map(line).join("");

const short = (value: number) => String(Number(value.toFixed(2)));

/** Whether an access to a buffer is above the limit. Buffers that a dispatch hardly reads or writes may be. */
const isScattered = ({ worst, share }: AccessFacts) => worst > limits.excess && share >= limits.share;
const isConflicting = ({ worst }: AccessFacts) => worst > limits.ways;

/** Loads, then stores, then atomic functions, those above the limit in bold. */
function accessCell(accesses: readonly AccessFacts[], isAbove: (one: AccessFacts) => boolean): string {
  const kinds = ["load", "store", "atomic"] as const;
  return kinds
    .map((kind) => [kind, accesses.filter((one) => one.kind === kind)] as const)
    .filter(([, own]) => own.length > 0)
    .map(([kind, own]) => {
      const each = own.map((one) => `${one.name} ${isAbove(one) ? `**${short(one.worst)}**` : short(one.worst)}`);
      return `${kind} ${each.join(", ")}`;
    })
    .join("; ");
}

/** How many workgroups a core holds at most. */
const held = ({ workgroupBytes, invocations }: KernelFacts, { threads, bytes }: (typeof cores)[number]) =>
  Math.min(
    Math.floor(threads / invocations),
    workgroupBytes === 0 ? Number.POSITIVE_INFINITY : Math.floor(bytes / workgroupBytes),
  );

const shaderLink = (kernel: string) => `[${kernel}](../shaders/${kernel}.wgsl)`;

/** The rows of a call: one for each kernel. */
export const callRows = ({ title, kernels }: CountedCall): string[] =>
  kernels.map((own, i) =>
    line([
      i === 0 ? title : "",
      shaderLink(own.kernel),
      accessCell(own.buffers, isScattered),
      accessCell(own.workgroupMemory, isConflicting),
      `${Math.round(100 * own.activeShare)} %`,
      short(own.barriers),
      String(own.slots),
      String(own.workgroupBytes),
      String(own.invocations),
      ...cores.map((core) => String(held(own, core))),
    ]),
  );

const section = ({ heading, calls, refused }: CountedCalls) =>
  [
    `### ${heading}\n`,
    `${table([...heads, ...cores.map(({ name }) => name)], [])}${calls.flatMap(callRows).join("")}`,
    ...(refused.length > 0 ? [`Not counted: ${refused.join("; ")}.\n`] : []),
  ].join("\n");

/** An access above a limit, over all calls. */
interface Found extends AccessFacts {
  readonly kernel: string;
}

/** What is above the limits, each access once, with its worst and its largest share. */
function aboveLimits(kernels: readonly KernelFacts[], of: "buffers" | "workgroupMemory"): Found[] {
  const found = new Map<string, Found>();
  const isAbove = of === "buffers" ? isScattered : isConflicting;
  for (const own of kernels) {
    for (const one of own[of].filter(isAbove)) {
      const key = `${own.kernel} ${one.kind} ${one.name}`;
      const before = found.get(key);
      const worst = Math.max(one.worst, before?.worst ?? 0);
      const share = Math.max(one.share, before?.share ?? 0);
      found.set(key, { kernel: own.kernel, name: one.name, kind: one.kind, worst, share });
    }
  }
  return [...found.values()].sort((a, b) => (`${a.kernel} ${a.name}` < `${b.kernel} ${b.name}` ? -1 : 1));
}

/** Their table. Throws where a reason is missing, or is one of nothing. */
function stays(found: readonly Found[], of: "buffers" | "workgroupMemory"): string {
  const own = reasons[of];
  const keyOf = ({ kernel, kind, name }: Found) => `${kernel}: ${kind} ${name}`;
  const missing = found.filter((one) => own[keyOf(one)] === undefined).map(keyOf);
  const known = new Set(found.map(keyOf));
  const unused = Object.keys(own).filter((key) => !known.has(key));
  if (missing.length > 0) throw new Error(`no reason for ${missing.join(", ")}`);
  if (unused.length > 0) throw new Error(`reasons for what is within the limits: ${unused.join(", ")}`);
  const rows = found.map((one) => [
    shaderLink(one.kernel),
    `${one.kind} ${one.name}`,
    short(one.worst),
    `${Math.round(100 * one.share)} %`,
    own[keyOf(one)] ?? "",
  ]);
  const [worst, part] = of === "buffers" ? ["excess", "of the sectors"] : ["n-way", "of the turns"];
  return table(["kernel", "access", worst, part, "why it stays"], rows);
}

/** The parts of the page, by the names in their markers. */
export async function countedParts(gpu: Gpu): Promise<Readonly<Record<string, string>>> {
  await asGpu(gpu);
  const counted = await countedCalls(gpu);
  const kernels = counted.flatMap(({ calls }) => calls).flatMap(({ kernels: own }) => own);
  return {
    tables: counted.map(section).join("\n"),
    buffers: stays(aboveLimits(kernels, "buffers"), "buffers"),
    "workgroup memory": stays(aboveLimits(kernels, "workgroupMemory"), "workgroupMemory"),
  };
}
