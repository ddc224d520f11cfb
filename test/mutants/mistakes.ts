import type { Mistake } from "./mutant.ts";

/** Every mistake that is written by hand. */
export const mistakes: readonly Mistake[] = [];
