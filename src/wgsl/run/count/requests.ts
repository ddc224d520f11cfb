// Counts requests: accesses of one instruction by the active lanes of one subgroup. What a GPU moves for them depends on
// which bytes they touch together.
import type { Access } from "../execute/observer.ts";
import { type Action, memoryOf, type State } from "../execute/state.ts";
import type { Variable } from "../program.ts";
import { hasHalves } from "../types.ts";

/** Sums over the requests of an instruction. Bytes out of bounds are not counted. */
export interface RequestCounts {
  /** Requests with at least one lane that is in bounds. */
  requests: number;
  /** Bytes that lanes asked for, each for itself. */
  asked: number;
  /** Bytes in the union of what a request asked for. */
  unique: number;
  /** Aligned sectors of 32 bytes that requests touch. Buffers start at a multiple of 32. */
  segments32: number;
  /** The fewest sectors of 32 bytes that could hold the unique bytes. */
  fewest32: number;
  /** Of workgroup memory: turns that 32 banks of 4 bytes need, and how many they would without conflicts. */
  bankCycles: number;
  phases: number;
  /** The most different words of one bank in a turn: 1 without conflicts, 0 for buffers. */
  ways: number;
}

export const noRequests = (): RequestCounts => ({
  requests: 0,
  asked: 0,
  unique: 0,
  segments32: 0,
  fewest32: 0,
  bankCycles: 0,
  phases: 0,
  ways: 0,
});

/** Which units and blocks of a memory a request has touched: they hold its number. */
export interface Touched {
  /** Bytes of a unit as a power of two: 1 for f16, 2 for words. */
  readonly shift: number;
  readonly units: Int32Array;
  /** Of 32 bytes. */
  readonly blocks: Int32Array;
  /** 1 for units that the dispatch has touched. */
  readonly ever: Uint8Array;
  /** How many those are. */
  everUnits: number;
  /** The number of the last request. */
  request: number;
}

/** For a memory of so many bytes. */
function newTouched(bytes: number, hasHalves: boolean): Touched {
  const shift = hasHalves ? 1 : 2;
  return {
    shift,
    units: new Int32Array((bytes >> shift) + 1),
    blocks: new Int32Array(Math.ceil(bytes / 32) + 1),
    ever: new Uint8Array((bytes >> shift) + 1),
    everUnits: 0,
    request: 0,
  };
}

/** What is counted of a request, which is served in phases: a few lanes at a time, or all of them. */
interface Counted {
  /** An address that a lane accesses; those out of bounds are left out. */
  readonly visit: (address: number) => void;
  readonly endPhase: () => void;
  readonly endRequest: () => void;
}

/** Goes through the active lanes of a strand, by subgroups, and in these by phases of so many lanes. */
function inPhases(state: State, { site }: Access, lanes: number, touched: Touched, counted: Counted): Action {
  const { width, subgroupSize, i32, active } = state;
  const base = site.address === undefined ? -1 : site.address * width;
  return () => {
    const { bounds, length } = active;
    let [group, phase] = [-1, -1];
    for (let run = 0; run < length; run += 2) {
      const last = bounds[run + 1] as number;
      for (let lane = bounds[run] as number; lane < last; lane++) {
        const ownGroup = Math.floor(lane / subgroupSize);
        const ownPhase = Math.floor((lane % subgroupSize) / lanes);
        if (ownGroup !== group || ownPhase !== phase) {
          counted.endPhase();
          if (ownGroup !== group) counted.endRequest();
          touched.request++;
          group = ownGroup;
          phase = ownPhase;
        }
        const address = base < 0 ? 0 : (i32[base + lane] as number);
        if (address >= 0) counted.visit(address + site.offset);
      }
    }
    counted.endPhase();
    counted.endRequest();
  };
}

/** Counts the requests of an access to a buffer. */
export function requestAction(state: State, access: Access, touched: Touched, counts: RequestCounts): Action {
  const { size } = access.site.reference.type;
  const { shift, units, blocks, ever } = touched;
  let [lanes, unique, segments] = [0, 0, 0];
  return inPhases(state, access, state.subgroupSize, touched, {
    visit: (address) => {
      const { request } = touched;
      lanes++;
      for (let unit = address >> shift; unit << shift < address + size; unit++) {
        if (units[unit] === request) continue;
        units[unit] = request;
        unique += 1 << shift;
        if (ever[unit] === 0) touched.everUnits++;
        ever[unit] = 1;
      }
      for (let block = address >> 5; block << 5 < address + size; block++) {
        if (blocks[block] !== request) segments++;
        blocks[block] = request;
      }
    },
    endPhase: () => {},
    endRequest: () => {
      if (lanes === 0) return;
      counts.requests++;
      counts.asked += lanes * size;
      counts.unique += unique;
      counts.segments32 += segments;
      counts.fewest32 += Math.ceil(unique / 32);
      lanes = unique = segments = 0;
    },
  });
}

/** How many lanes at most one phase of the banks serves: 128 bytes together, 32 lanes at most. */
export const lanesOfPhase = (bytes: number): number => Math.min(32, Math.max(1, Math.floor(128 / bytes)));

/** How many turns a phase takes without conflicts: one, unless one lane alone accesses more than 128 bytes. */
export const turnsOfPhase = (bytes: number): number => Math.max(1, Math.ceil(bytes / 128));

/** Counts the requests of an access to workgroup memory, which has 32 banks of 4 bytes. */
export function bankAction(state: State, access: Access, touched: Touched, counts: RequestCounts): Action {
  const { size } = access.site.reference.type;
  const inBank = new Int32Array(32);
  const turns = turnsOfPhase(size);
  const { units, ever } = touched;
  let [lanes, words, most] = [0, 0, 0];
  return inPhases(state, access, lanesOfPhase(size), touched, {
    visit: (address) => {
      const { request } = touched;
      lanes++;
      for (let word = address >> 2; word << 2 < address + size; word++) {
        if (units[word] === request) continue;
        units[word] = request;
        words++;
        if (ever[word] === 0) touched.everUnits++;
        ever[word] = 1;
        const bank = word & 31;
        inBank[bank] = (inBank[bank] as number) + 1;
        most = Math.max(most, inBank[bank] as number);
      }
    },
    endPhase: () => {
      if (most === 0) return;
      counts.bankCycles += most;
      counts.phases += turns;
      counts.ways = Math.max(counts.ways, Math.ceil(most / turns));
      counts.unique += 4 * words;
      inBank.fill(0);
      most = words = 0;
    },
    endRequest: () => {
      if (lanes === 0) return;
      counts.requests++;
      counts.asked += lanes * size;
      lanes = 0;
    },
  });
}

/** What accesses to the memory of a variable touch. */
export const touchedOf = (state: State, variable: Variable): Touched =>
  newTouched(memoryOf(state, variable).bytes, hasHalves(variable.type) && variable.space !== "workgroup");
