import { int4Groups } from "./int4-groups.ts";

/** Integers of 4 bits, a scale and a zero point for each 64 of a row. */
export const int4_64 = int4Groups("int4_64", 64);
