import type { Storage } from "../storage.ts";
import type { Operation } from "./recording.ts";

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

/** From the first to the last operation that touches a temporary. */
interface Life {
  readonly storage: Storage;
  readonly first: number;
  last: number;
}

const lifetimes = (operations: readonly Operation[], temporaries: ReadonlySet<Storage>): Life[] => {
  const lives = new Map<Storage, Life>();
  operations.forEach((operation, at) => {
    for (const storage of touched(operation)) {
      if (!temporaries.has(storage)) continue;
      const life = lives.get(storage);
      if (life) life.last = at;
      else lives.set(storage, { storage, first: at, last: at });
    }
  });
  return [...lives.values()];
};

/**
 * Assigns every temporary a buffer for its lifetime, from its first to its last use. WebGPU forbids one buffer as
 * `read` and `read_write` in one dispatch regardless of ranges, so whole buffers are shared, and a buffer is free again
 * only after the operation that used it last. The largest are placed first, each in the buffer that is free for the
 * whole of its life and fits it best (greedy by size, Pisarchyk and Lee 2020, section 4).
 */
export function planMemory(operations: readonly Operation[], temporaries: ReadonlySet<Storage>): MemoryPlan {
  const colours = new Map<Storage, number>();
  const sizes: number[] = [];
  const users: Life[][] = [];
  const bySize = (a: Life, b: Life) => b.storage.bytes - a.storage.bytes || a.first - b.first;
  for (const life of lifetimes(operations, temporaries).sort(bySize)) {
    let colour = -1;
    for (let at = sizes.length - 1; at >= 0 && colour < 0; at--) {
      if (users[at]?.every(({ first, last }) => last < life.first || first > life.last)) colour = at; // sizes only fall
    }
    if (colour < 0) {
      colour = sizes.length;
      sizes.push(life.storage.bytes);
      users.push([]);
    }
    users[colour]?.push(life);
    colours.set(life.storage, colour);
  }
  return { colours, sizes };
}
