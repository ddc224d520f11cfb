import type { Operation } from "./recording.ts";
import type { Storage } from "./storage.ts";

/** Which temporaries of a program share a buffer. */
export interface MemoryPlan {
  /** Index of the shared buffer of each temporary. */
  readonly colours: ReadonlyMap<Storage, number>;
  /** Bytes of each shared buffer. */
  readonly sizes: readonly number[];
}

/** The storages an operation touches. */
export function touched(operation: Operation): Storage[] {
  return operation.kind === "copy"
    ? [operation.copy.from, operation.copy.to]
    : operation.dispatch.bindings.map(({ storage }) => storage);
}

/** The storages an operation writes. */
export function written(operation: Operation): Storage[] {
  if (operation.kind === "copy") return [operation.copy.to];
  return operation.dispatch.bindings.flatMap(({ access, storage }) => (access === "read_write" ? [storage] : []));
}

/**
 * Assigns every temporary a buffer for its lifetime, from its first to its last use. WebGPU forbids one buffer as
 * `read` and `read_write` in one dispatch whatever the ranges, so whole buffers are shared, and a buffer is free again
 * only after the operation that used it last. Greedy, best fit; a buffer grows when nothing free is large enough.
 */
export function planMemory(operations: readonly Operation[], temporaries: ReadonlySet<Storage>): MemoryPlan {
  const first = new Map<Storage, number>();
  const last = new Map<Storage, number>();
  operations.forEach((operation, index) => {
    for (const storage of touched(operation)) {
      if (!temporaries.has(storage)) continue;
      if (!first.has(storage)) first.set(storage, index);
      last.set(storage, index);
    }
  });

  const colours = new Map<Storage, number>();
  const sizes: number[] = [];
  const freeAfter: number[] = [];
  for (const [storage, start] of first) {
    const free = sizes.map((_, colour) => colour).filter((colour) => (freeAfter[colour] ?? 0) < start);
    const bySize = (a: number, b: number) => (sizes[a] ?? 0) - (sizes[b] ?? 0);
    const fitting = free.filter((colour) => (sizes[colour] ?? 0) >= storage.bytes).sort(bySize)[0];
    const colour = fitting ?? free.sort(bySize).at(-1) ?? sizes.length;
    sizes[colour] = Math.max(sizes[colour] ?? 0, storage.bytes);
    freeAfter[colour] = last.get(storage) ?? start;
    colours.set(storage, colour);
  }
  return { colours, sizes };
}
