// What a request touches, as figures: coalescing for storage, banks for workgroup memory.
import { lanesOfPhase, turnsOfPhase } from "../../../src/wgsl/run/count/requests.ts";
import type { Request } from "../../../src/wgsl/run/step/types.ts";

/** Bytes of a sector, which storage moves as a whole. */
export const sectorBytes = 32;
/** Banks of workgroup memory, each one word wide. */
export const banks = 32;
/** Above this, an excess is shown as a warning. */
export const highExcess = 1.25;

/** Sectors that are touched, over the fewest that could hold the bytes; 1 where no byte is requested. */
export const excessOf = (counts: { readonly segments32: number; readonly fewest32: number }): number =>
  counts.fewest32 === 0 ? 1 : counts.segments32 / counts.fewest32;

/** What a subgroup's access to storage touches. */
export interface StorageFigures {
  /** Bytes that lanes requested, each for itself. */
  readonly asked: number;
  /** Bytes in the union of them. */
  readonly unique: number;
  /** Sectors that are touched, by their numbers. */
  readonly sectors: readonly number[];
  /** The fewest sectors that could hold the bytes. */
  readonly best: number;
  /** Sectors over the fewest. */
  readonly excess: number;
  readonly outOfBounds: number;
}

/** The sectors of a request to a buffer that begins at a multiple of a sector. */
export function storageFigures({ addresses, bytes }: Request): StorageFigures {
  const halves = new Set<number>();
  const sectors = new Set<number>();
  let [asked, outOfBounds] = [0, 0];
  for (const address of addresses) {
    if (address < 0) {
      outOfBounds++;
      continue;
    }
    asked += bytes;
    for (let at = address; at < address + bytes; at += 2) {
      halves.add(at >> 1);
      sectors.add(Math.floor(at / sectorBytes));
    }
  }
  const unique = 2 * halves.size;
  const best = Math.ceil(unique / sectorBytes);
  const excess = excessOf({ segments32: sectors.size, fewest32: best });
  return { asked, unique, sectors: [...sectors].sort((a, b) => a - b), best, excess, outOfBounds };
}

/** Two lanes that access different words of one bank. */
export interface Clash {
  readonly lanes: readonly [number, number];
  readonly bank: number;
}

/** How a subgroup's access to workgroup memory is spread over the banks. */
export interface BankFigures {
  /** Turns without conflicts: one for 32 lanes with words, or 8 with vectors of four. */
  readonly phases: number;
  /** Turns that all lanes take together: `phases`, where no two access different words of one bank. */
  readonly cycles: number;
  /** The most turns that lanes served together take, over those without conflicts: 1 is perfect. */
  readonly ways: number;
  readonly clash: Clash | undefined;
}

/** The banks of a request to workgroup memory. Lanes that want the same word are served together. */
export function bankFigures({ addresses, lanes, bytes }: Request, subgroupSize: number): BankFigures {
  const [together, best] = [lanesOfPhase(bytes), turnsOfPhase(bytes)];
  const phases = new Map<number, Map<number, Map<number, number>>>(); // phase, bank, word: the first lane
  let clash: Clash | undefined;
  for (const [i, address] of addresses.entries()) {
    if (address < 0) continue;
    const lane = lanes[i] ?? 0;
    const phase = Math.floor((lane % subgroupSize) / together);
    const own = phases.get(phase) ?? new Map<number, Map<number, number>>();
    phases.set(phase, own);
    for (let word = address >> 2; word <= (address + bytes - 1) >> 2; word++) {
      const bank = word % banks;
      const words = own.get(bank) ?? new Map<number, number>();
      own.set(bank, words);
      const [[, other] = []] = words;
      if (!words.has(word) && other !== undefined && other !== lane) clash ??= { lanes: [other, lane], bank };
      if (!words.has(word)) words.set(word, lane);
    }
  }
  const turns = [...phases.values()].map((own) => Math.max(0, ...[...own.values()].map(({ size }) => size)));
  return {
    phases: best * phases.size,
    cycles: turns.reduce((sum, count) => sum + count, 0),
    ways: Math.ceil(Math.max(0, ...turns) / best),
    clash,
  };
}
