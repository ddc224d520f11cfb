import type { Case } from "../puzzle.ts";

/** Lengths around those that whole workgroups of so many elements have; one is a prime, one no multiple of 4, one long. */
export const lengths = (whole: number, longest = 5003): readonly Case[] => [
  ...[1, 37, whole - 1, whole, whole + 1, 2 * whole + 1, 2 * whole + 6].map((n) => ({ sizes: { n } })),
  { sizes: { n: longest }, isLong: true },
];
