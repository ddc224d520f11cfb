// A recorded program in the interpreter: each dispatch with the memory that those before it leave.

import type { Gpu } from "../../../src/gpu/gpu.ts";
import type { Dispatch } from "../../../src/gpu/program/dispatch.ts";
import type { Storage } from "../../../src/gpu/storage.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { places, runWithoutRaces } from "../races/detector.ts";

/** What an interpreter counted in a dispatch. */
export interface Traffic {
  /** Bytes of every load and store of storage buffers that was executed. */
  readonly requestedBytes: number;
  /** Operations on f32: two of a fused multiply-add, one of any other that computes, for each component. */
  readonly operations: number;
  /** Those of fused multiply-adds alone. */
  readonly multiplyAdds: number;
}

/** A dispatch that was interpreted. */
export interface Counted {
  readonly dispatch: Dispatch;
  readonly traffic: Traffic;
}

/** What a program counted, and the contents of its memory. */
export interface Interpreted<T> {
  /** All that it recorded. */
  readonly dispatches: readonly Dispatch[];
  readonly counted: readonly Counted[];
  readonly result: T;
  /** The 4-byte words of a contiguous tensor after the program. */
  words(tensor: Tensor): Uint32Array<ArrayBuffer>;
}

/**
 * Records calls and runs their dispatches in the interpreter, every workgroup, up to the last one that is wanted.
 * Memory that nothing wrote holds NaN.
 */
export async function interpret<T>(
  gpu: Gpu,
  record: () => T,
  isWanted: (dispatch: Dispatch) => boolean = () => true,
): Promise<Interpreted<T>> {
  const memory = new Map<Storage, Uint8Array<ArrayBuffer>>();
  const program = gpu.record(record);
  const load = async (storage: Storage) => {
    if (memory.has(storage)) return;
    const bytes = storage.buffer && new Uint8Array(await gpu.read(storage, 0, storage.bytes));
    memory.set(storage, bytes?.slice() ?? new Uint8Array(new Float32Array(storage.bytes / 4).fill(Number.NaN).buffer));
  };
  const counted: Counted[] = [];
  const { dispatches } = program;
  for (const dispatch of dispatches.slice(0, 1 + dispatches.findLastIndex(isWanted))) {
    for (const { storage } of dispatch.bindings) await load(storage);
    counted.push({ dispatch, traffic: runDispatch(dispatch, memory) });
  }
  return {
    dispatches,
    counted,
    result: program.result,
    words(tensor) {
      const [storage] = tensor.storages;
      const bytes = storage && memory.get(storage);
      if (!bytes) throw new Error("nothing wrote or read the tensor");
      return new Uint32Array(bytes.buffer, 0, Math.ceil((tensor.size * 4) / 4));
    },
  };
}

/** The grid of a dispatch, which it may read from memory. */
function gridOf({ indirect, workgroups }: Dispatch, memory: ReadonlyMap<Storage, Uint8Array<ArrayBuffer>>) {
  const bytes = indirect && memory.get(indirect.storage);
  if (!bytes) return workgroups;
  const [x = 0, y = 0, z = 0] = new Uint32Array(bytes.buffer, indirect.offset, 3);
  return [x, y, z] as const;
}

function runDispatch(dispatch: Dispatch, memory: ReadonlyMap<Storage, Uint8Array<ArrayBuffer>>): Traffic {
  const { shader, bindings, uniforms, kernel } = dispatch;
  const workgroups = gridOf(dispatch, memory);
  const total = { requestedBytes: 0, operations: 0, multiplyAdds: 0 };
  for (const place of places(workgroups)) {
    const inputs = Object.fromEntries(
      bindings.map(({ name, storage, offset, bytes }) => {
        const words = new Uint32Array(4 * Math.ceil(bytes / 16)); // whole vectors: the interpreter's memory ends with it
        const held = memory.get(storage)?.subarray(offset, offset + bytes) ?? new Uint8Array(0);
        new Uint8Array(words.buffer).set(held);
        return [name, words];
      }),
    );
    const given = Object.fromEntries(uniforms.map(({ name, values }) => [name, values]));
    const run = runWithoutRaces(shader, { uniforms: given, inputs, outputs: {}, workgroups }, place);
    if (run.faults.length > 0) throw new Error(`${kernel}: ${run.faults[0]}`);
    for (const { name, access, storage, offset, bytes } of bindings) {
      const { buffer } = run.buffers.get(name) ?? new Float32Array(0);
      if (access === "read_write") memory.get(storage)?.set(new Uint8Array(buffer, 0, bytes), offset);
    }
    total.requestedBytes += run.requestedBytes;
    total.operations += run.operations;
    total.multiplyAdds += run.multiplyAdds;
  }
  return total;
}
