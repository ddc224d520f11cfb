import type { RandomSource } from "../../../src/check/random.ts";

/** What a generator of one kind gets: random numbers, a name of the text's own and one of the engine's. */
export interface Seeds {
  readonly random: RandomSource;
  readonly own: string;
  readonly engine: string;
  readonly pick: <T>(of: readonly T[]) => T;
}

/** A fault as statements in mask_mod, or as declarations before it; `!` begins the line with the fault. */
export interface Fault {
  readonly statements?: string;
  readonly declarations?: string;
  readonly names: string;
}
