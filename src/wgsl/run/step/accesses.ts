// Counts how often lanes read and write each word of memory, and records accesses while asked to.
import { type Access, forEachAddress, type Observer } from "../execute/observer.ts";
import type { Action, State } from "../execute/state.ts";
import type { Variable } from "../program.ts";

/** An access by the active lanes of a strand. */
export interface Recorded {
  readonly kind: Access["kind"];
  readonly memory: number;
  /** The expression in the text, in characters from its start. */
  readonly at: number;
  readonly end: number;
  readonly bytes: number;
  readonly writes: boolean;
  readonly lanes: Int32Array;
  /** Bytes from the start of the memory; −1 is out of bounds. */
  readonly addresses: Int32Array;
}

/** Counts of one memory, a number for each word of four bytes. */
interface WordCounts {
  readonly reads: Uint32Array;
  readonly writes: Uint32Array;
}

/** What watches the accesses of a run. */
export interface AccessLog {
  readonly observer: Observer;
  readonly counts: readonly WordCounts[];
  /** Where accesses are recorded, while it is set. */
  recorded: Recorded[] | undefined;
}

/** A log of accesses to these memories, which have so many bytes. */
export function newAccessLog(memories: ReadonlyMap<Variable, { readonly bytes: number }>): AccessLog {
  const numbers = new Map([...memories.keys()].map((variable, i) => [variable, i]));
  const counts = [...memories.values()].map(({ bytes }) => ({
    reads: new Uint32Array(Math.ceil(bytes / 4)),
    writes: new Uint32Array(Math.ceil(bytes / 4)),
  }));
  const log: AccessLog = {
    observer: {
      access: (state, access) => {
        const memory = numbers.get(access.site.variable) as number;
        return accessAction(log, state, access, memory, counts[memory] as WordCounts);
      },
    },
    counts,
    recorded: undefined,
  };
  return log;
}

function accessAction(log: AccessLog, state: State, access: Access, memory: number, counts: WordCounts): Action {
  const { site } = access;
  const offsets = offsetsOf(access);
  const base = site.address === undefined ? -1 : site.address * state.width;
  const touched = [...(reads(access) ? [counts.reads] : []), ...(writes(access) ? [counts.writes] : [])];
  return () => {
    for (const words of touched) count(state, words, base, offsets);
    if (log.recorded) log.recorded.push(recordOf(state, access, memory));
  };
}

const writes = (access: Access) =>
  access.kind === "store" || (access.kind === "atomic" && access.name !== "atomicLoad");
const reads = (access: Access) => access.kind === "load" || (access.kind === "atomic" && access.name !== "atomicStore");

/** Bytes from a lane's address to each scalar that it accesses. */
const offsetsOf = (access: Access): Int32Array =>
  Int32Array.from(
    access.kind === "atomic" ? [access.site.offset] : access.places.map(({ offset }) => access.site.offset + offset),
  );

function count({ active, i32 }: State, words: Uint32Array, base: number, offsets: Int32Array): void {
  const { bounds, length } = active;
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let lane = bounds[run] as number; lane < end; lane++) {
      const address = base < 0 ? 0 : (i32[base + lane] as number);
      if (address < 0) continue;
      let last = -1;
      for (let k = 0; k < offsets.length; k++) {
        const word = (address + (offsets[k] as number)) >>> 2;
        if (word === last) continue; // two halves of one word
        words[word] = (words[word] as number) + 1;
        last = word;
      }
    }
  }
}

function recordOf(state: State, access: Access, memory: number): Recorded {
  const { kind, site } = access;
  const { span, type } = site.reference;
  const lanes: number[] = [];
  const addresses: number[] = [];
  forEachAddress(state, access, (lane, byte) => {
    lanes.push(lane);
    addresses.push(byte);
  })();
  return {
    kind,
    memory,
    at: span.at,
    end: span.end,
    bytes: type.size,
    writes: writes(access),
    lanes: Int32Array.from(lanes),
    addresses: Int32Array.from(addresses),
  };
}
