// Recorded dispatches in the interpreter, and what is counted of them.
import type { Gpu, Program } from "../../src/gpu/gpu.ts";
import type { Dispatch } from "../../src/gpu/program/dispatch.ts";
import type { Storage } from "../../src/gpu/storage.ts";
import { loadPackedFormats } from "../../src/index.ts";
import { tuneAs } from "../../src/kernels/tuning.ts";
import { checkProgram } from "../../src/wgsl/run/check/program.ts";
import { type AccessCounts, type Counts, newCounter } from "../../src/wgsl/run/count/counter.ts";
import { execute } from "../../src/wgsl/run/execute/execute.ts";
import { lower } from "../../src/wgsl/run/lower/lower.ts";
import type { EntryPoint, Variable } from "../../src/wgsl/run/program.ts";

/** Threads of a subgroup. */
const subgroupSize = 32;

/**
 * Makes a device record what a GPU would run: its choices of variants and tiles, subgroups of 32. Nothing that it
 * records runs on it, but in the interpreter.
 */
export async function asGpu(gpu: Gpu): Promise<void> {
  await loadPackedFormats();
  tuneAs(gpu, "hardware");
  Object.defineProperty(gpu, "adapter", { value: { ...gpu.adapter, subgroupSize } });
}

/** What storages hold. */
export type Memory = Map<Storage, Uint8Array<ArrayBuffer>>;

/**
 * Runs a recorded dispatch in the interpreter, and counts. What it writes goes to `memory`, which holds all that it is
 * bound to. Throws for a dispatch that leaves its buffers.
 */
export function interpretDispatch(
  dispatch: Dispatch,
  memory: Memory,
  subgroupSize: number,
): { readonly entry: EntryPoint; readonly counts: Counts } {
  const { shader, bindings, uniforms, kernel } = dispatch;
  const entry = checkProgram(shader.code).entryPoints.get("main") as EntryPoint;
  const buffers = new Map<Variable, ArrayBuffer>();
  const written: (() => void)[] = [];
  for (const variable of entry.function.uses) {
    const { binding: own, writable } = variable;
    const isOwn = (one: NonNullable<Variable["binding"]>) => one.group === own?.group && one.binding === own.binding;
    const bound = bindings.find(isOwn);
    const held = bound && memory.get(bound.storage)?.subarray(bound.offset, bound.offset + bound.bytes);
    const content = (held ?? uniforms.find(isOwn)?.bytes)?.slice().buffer;
    if (content) buffers.set(variable, content);
    if (content && held && writable) written.push(() => held.set(new Uint8Array(content)));
  }
  const { observer, counts } = newCounter();
  const workgroups = gridOf(dispatch, memory);
  const [outside] = execute(entry, {
    workgroups,
    buffers,
    subgroupSize,
    observers: [observer],
    maxSteps: 2 ** 31,
  }).outOfBounds;
  if (outside) throw new Error(`${kernel}: out of bounds at ${shader.code.slice(outside.at).split("\n")[0]}`);
  for (const write of written) write();
  return { entry, counts: counts() };
}

/** The grid of a dispatch, which it may read from memory. */
function gridOf({ indirect, workgroups }: Dispatch, memory: Memory): Dispatch["workgroups"] {
  const bytes = indirect && memory.get(indirect.storage);
  if (!bytes) return workgroups;
  const [x = 0, y = 0, z = 0] = new Uint32Array(bytes.buffer, indirect.offset, 3);
  return [x, y, z];
}

/** A buffer, or a variable in workgroup memory, with all of its loads, or stores, or atomic functions. */
export interface AccessFacts {
  readonly name: string;
  readonly kind: "load" | "store" | "atomic";
  /** Of a buffer: sectors of 32 bytes over the fewest; of workgroup memory: the most words of a bank in a turn. */
  readonly worst: number;
  /** Their part of the sectors of all buffers, or of the turns of all workgroup memory. */
  readonly share: number;
}

/** What is counted of a dispatch. */
export interface KernelFacts {
  readonly kernel: string;
  /** Blocks of 32 bytes that requests touch. */
  readonly sectors: number;
  readonly buffers: readonly AccessFacts[];
  readonly workgroupMemory: readonly AccessFacts[];
  readonly activeShare: number;
  /** Of a workgroup. */
  readonly barriers: number;
  /** Numbers of 4 bytes that a thread has in variables and intermediate results, without constants. */
  readonly slots: number;
  readonly workgroupBytes: number;
  readonly invocations: number;
}

/**
 * Counts the dispatches of a program in subgroups of 32, each with the memory that those before it leave. Memory that
 * nothing wrote is zero.
 */
export async function countProgram(gpu: Gpu, program: Program<unknown>): Promise<KernelFacts[]> {
  const memory: Memory = new Map();
  const held = async (storage: Storage) => {
    const known = memory.get(storage) ?? new Uint8Array(storage.bytes);
    if (!memory.has(storage) && storage.buffer) known.set(new Uint8Array(await gpu.read(storage, 0, storage.bytes)));
    memory.set(storage, known);
    return known;
  };
  const counted: KernelFacts[] = [];
  for (const operation of program.operations) {
    if (operation.kind === "copy") {
      const { from, fromOffset, to, toOffset, bytes } = operation.copy;
      (await held(to)).set((await held(from)).subarray(fromOffset, fromOffset + bytes), toOffset);
      continue;
    }
    const { dispatch } = operation;
    for (const { storage } of dispatch.bindings) await held(storage);
    const { entry, counts } = interpretDispatch(dispatch, memory, subgroupSize);
    counted.push(factsOf(dispatch.kernel, entry, counts));
  }
  return counted;
}

/** Accesses that no thread executed are left out. */
function factsOf(kernel: string, entry: EntryPoint, counts: Counts): KernelFacts {
  const inSpace = (space: string) =>
    counts.accesses.filter(({ requests, variable }) => requests > 0 && variable.space === space);
  const [buffers, shared] = [inSpace("storage"), inSpace("workgroup")];
  const [sectors, turns] = [sum(buffers, "segments32"), sum(shared, "bankCycles")];
  const code = lower(entry, 2 ** 20);
  const [x, y, z] = entry.workgroupSize;
  const { workgroup, storage } = counts.barriers;
  return {
    kernel,
    sectors,
    buffers: grouped(buffers, (own) => ({
      worst: sum(own, "segments32") / sum(own, "fewest32"),
      share: sum(own, "segments32") / sectors,
    })),
    workgroupMemory: grouped(shared, (own) => ({
      worst: Math.max(...own.map(({ ways }) => ways)),
      share: sum(own, "bankCycles") / turns,
    })),
    activeShare: counts.activeShare,
    barriers: (workgroup + storage) / counts.workgroups,
    slots: code.slots - code.constants.length,
    workgroupBytes: [...code.memory].reduce((all, { space, type }) => all + (space === "workgroup" ? type.size : 0), 0),
    invocations: x * y * z,
  };
}

const sum = (accesses: readonly AccessCounts[], field: "segments32" | "fewest32" | "bankCycles") =>
  accesses.reduce((all, one) => all + one[field], 0);

/** Accesses by variable and kind. */
function grouped(
  accesses: readonly AccessCounts[],
  figures: (own: readonly AccessCounts[]) => Pick<AccessFacts, "worst" | "share">,
): AccessFacts[] {
  const groups = new Map<string, AccessCounts[]>();
  for (const one of accesses) {
    const key = `${one.variable.name} ${one.kind}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].map((own) => {
    const { variable, kind } = own[0] as AccessCounts;
    return { name: variable.name, kind, ...figures(own) };
  });
}
