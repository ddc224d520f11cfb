// A recorded program in the interpreter: each dispatch with the memory that those before it leave.

import type { Gpu } from "../../../src/gpu/gpu.ts";
import type { Dispatch } from "../../../src/gpu/program/dispatch.ts";
import type { Storage } from "../../../src/gpu/storage.ts";
import { type FloatOperations, floatOperations, requestedBytes } from "../../../src/study/figures.ts";
import { checkProgram } from "../../../src/wgsl/run/check/program.ts";
import { newCounter } from "../../../src/wgsl/run/count/counter.ts";
import { execute } from "../../../src/wgsl/run/execute/execute.ts";
import type { EntryPoint, Variable } from "../../../src/wgsl/run/program.ts";

/** A dispatch that was interpreted, and what was counted. */
export interface Counted {
  readonly dispatch: Dispatch;
  readonly traffic: FloatOperations & { readonly requestedBytes: number };
}

type Memory = Map<Storage, Uint8Array<ArrayBuffer>>;

/** Records calls and runs their dispatches, up to the last one that is wanted. Memory that nothing wrote holds NaN. */
export async function interpret(
  gpu: Gpu,
  record: () => unknown,
  isWanted: (dispatch: Dispatch) => boolean = () => true,
): Promise<{ readonly dispatches: readonly Dispatch[]; readonly counted: readonly Counted[] }> {
  const memory: Memory = new Map();
  const { dispatches } = gpu.record(record);
  const load = async (storage: Storage) => {
    if (memory.has(storage)) return;
    const bytes = storage.buffer && new Uint8Array(await gpu.read(storage, 0, storage.bytes));
    memory.set(storage, bytes?.slice() ?? new Uint8Array(new Float32Array(storage.bytes / 4).fill(Number.NaN).buffer));
  };
  const counted: Counted[] = [];
  for (const dispatch of dispatches.slice(0, 1 + dispatches.findLastIndex(isWanted))) {
    for (const { storage } of dispatch.bindings) await load(storage);
    counted.push({ dispatch, traffic: runDispatch(dispatch, memory, gpu.adapter.subgroupSize) });
  }
  return { dispatches, counted };
}

/** The grid of a dispatch, which it may read from memory. */
function gridOf({ indirect, workgroups }: Dispatch, memory: Memory): Dispatch["workgroups"] {
  const bytes = indirect && memory.get(indirect.storage);
  if (!bytes) return workgroups;
  const [x = 0, y = 0, z = 0] = new Uint32Array(bytes.buffer, indirect.offset, 3);
  return [x, y, z];
}

function runDispatch(dispatch: Dispatch, memory: Memory, subgroupSize = 4): Counted["traffic"] {
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
  const counter = newCounter();
  const workgroups = gridOf(dispatch, memory);
  const { outOfBounds } = execute(entry, { workgroups, buffers, subgroupSize, observers: [counter.observer] });
  if (outOfBounds.length > 0) throw new Error(`${kernel}: out of bounds at ${shader.code.slice(outOfBounds[0]?.at)}`);
  for (const write of written) write();
  const counts = counter.counts();
  return { ...floatOperations(counts), requestedBytes: requestedBytes(counts) };
}
