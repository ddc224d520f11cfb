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
  /** Aligned blocks of 32, 64 and 128 bytes that requests touch. Buffers start at a multiple of 128. */
  segments32: number;
  segments64: number;
  segments128: number;
  /** The fewest blocks of 32 bytes that could hold the unique bytes. */
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
  segments64: 0,
  segments128: 0,
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
  readonly blocks32: Int32Array;
  readonly blocks64: Int32Array;
  readonly blocks128: Int32Array;
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
  const blocks = (size: number) => new Int32Array(Math.ceil(bytes / size) + 1);
  return {
    shift,
    units: new Int32Array((bytes >> shift) + 1),
    blocks32: blocks(32),
    blocks64: blocks(64),
    blocks128: blocks(128),
    ever: new Uint8Array((bytes >> shift) + 1),
    everUnits: 0,
    request: 0,
  };
}

/** Counts the requests of an access to a buffer. */
export function requestAction(state: State, { site }: Access, touched: Touched, counts: RequestCounts): Action {
  const { width, subgroupSize, i32, active } = state;
  const { size } = site.reference.type;
  const base = site.address === undefined ? -1 : site.address * width;
  let [lanes, unique, segments] = [0, 0, 0];

  const end = () => {
    if (lanes === 0) return;
    counts.requests++;
    counts.asked += lanes * size;
    counts.unique += unique;
    counts.segments32 += segments;
    counts.fewest32 += Math.ceil(unique / 32);
    lanes = unique = segments = 0;
  };
  const visit = (address: number) => {
    const { shift, units, ever, request } = touched;
    lanes++;
    for (let unit = address >> shift; unit << shift < address + size; unit++) {
      if (units[unit] === request) continue;
      units[unit] = request;
      unique += 1 << shift;
      if (ever[unit] === 0) {
        ever[unit] = 1;
        touched.everUnits++;
      }
    }
    for (let block = address >> 5; block << 5 < address + size; block++) {
      if (touched.blocks32[block] === request) continue;
      touched.blocks32[block] = request;
      segments++;
      if (touched.blocks64[block >> 1] !== request) counts.segments64++;
      if (touched.blocks128[block >> 2] !== request) counts.segments128++;
      touched.blocks64[block >> 1] = request;
      touched.blocks128[block >> 2] = request;
    }
  };
  return () => {
    const { bounds, length } = active;
    let group = -1;
    for (let run = 0; run < length; run += 2) {
      const last = bounds[run + 1] as number;
      for (let lane = bounds[run] as number; lane < last; lane++) {
        const own = Math.floor(lane / subgroupSize);
        if (own !== group) {
          end();
          touched.request++;
          group = own;
        }
        const address = base < 0 ? 0 : (i32[base + lane] as number);
        if (address >= 0) visit(address + site.offset);
      }
    }
    end();
  };
}

/** How many lanes at most one turn of the banks serves: 128 bytes together, 32 lanes at most. */
const lanesOfPhase = (bytes: number): number => Math.min(32, Math.max(1, Math.floor(128 / bytes)));

/** Counts the requests of an access to workgroup memory, which has 32 banks of 4 bytes. */
export function bankAction(state: State, { site }: Access, touched: Touched, counts: RequestCounts): Action {
  const { width, subgroupSize, i32, active } = state;
  const { size } = site.reference.type;
  const base = site.address === undefined ? -1 : site.address * width;
  const together = lanesOfPhase(size);
  const inBank = new Int32Array(32);
  let [lanes, words, most, group, phase] = [0, 0, 0, -1, -1];

  const endPhase = () => {
    if (most === 0) return;
    counts.bankCycles += most;
    counts.phases += Math.max(1, Math.ceil(size / 128));
    counts.ways = Math.max(counts.ways, Math.ceil(most / Math.max(1, Math.ceil(size / 128))));
    counts.unique += 4 * words;
    inBank.fill(0);
    most = words = 0;
  };
  const endRequest = () => {
    endPhase();
    if (lanes === 0) return;
    counts.requests++;
    counts.asked += lanes * size;
    lanes = 0;
  };
  const visit = (address: number) => {
    const { units, request } = touched;
    lanes++;
    for (let word = address >> 2; word << 2 < address + size; word++) {
      if (units[word] === request) continue;
      units[word] = request;
      words++;
      const bank = word & 31;
      inBank[bank] = (inBank[bank] as number) + 1;
      most = Math.max(most, inBank[bank] as number);
    }
  };
  return () => {
    const { bounds, length } = active;
    group = phase = -1;
    for (let run = 0; run < length; run += 2) {
      const last = bounds[run + 1] as number;
      for (let lane = bounds[run] as number; lane < last; lane++) {
        const ownGroup = Math.floor(lane / subgroupSize);
        const ownPhase = Math.floor((lane % subgroupSize) / together);
        if (ownGroup !== group) endRequest();
        else if (ownPhase !== phase) endPhase();
        if (ownGroup !== group || ownPhase !== phase) touched.request++;
        group = ownGroup;
        phase = ownPhase;
        const address = base < 0 ? 0 : (i32[base + lane] as number);
        if (address >= 0) visit(address + site.offset);
      }
    }
    endRequest();
  };
}

/** What accesses to the memory of a variable touch. */
export const touchedOf = (state: State, variable: Variable): Touched =>
  newTouched(memoryOf(state, variable).bytes, hasHalves(variable.type) && variable.space !== "workgroup");
