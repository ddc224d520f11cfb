// A recorded program in the interpreter: each dispatch with the memory that those before it leave.
import { interpretDispatch, type Memory } from "../../../scripts/counted/count.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import type { Dispatch } from "../../../src/gpu/program/dispatch.ts";
import type { Storage } from "../../../src/gpu/storage.ts";
import { type FloatOperations, floatOperations, requestedBytes } from "../../../src/study/figures.ts";

/** A dispatch that was interpreted, and what was counted. */
export interface Counted {
  readonly dispatch: Dispatch;
  readonly traffic: FloatOperations & { readonly requestedBytes: number };
}

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
    const { counts } = interpretDispatch(dispatch, memory, gpu.adapter.subgroupSize ?? 4);
    counted.push({ dispatch, traffic: { ...floatOperations(counts), requestedBytes: requestedBytes(counts) } });
  }
  return { dispatches, counted };
}
