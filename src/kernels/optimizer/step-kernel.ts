import vectorFour from "#shaders/lib/vector/four.wgsl";
import vectorOne from "#shaders/lib/vector/one.wgsl";
import clipGiven from "#shaders/optimizer/clip/factor.wgsl";
import { belowOne } from "../../options/checks.ts";

/** A thread for each vector of four, or for each number. */
export const threadsOf = (n: number): number => (n % 4 === 0 ? n / 4 : n);

/** The part for the numbers that a thread takes at a time, of n. */
export const vectorPart = (n: number) => (n % 4 === 0 ? vectorFour : vectorOne);

/** The parts of an optimizer's kernel on n numbers, of gradients that are clipped or not. */
export const partsOf = (n: number, isClipped: boolean) => ({
  parts: [vectorPart(n), ...(isClipped ? [clipGiven] : [])],
});

/** Two numbers from 0 to below 1. */
export const betasCheck = (value: unknown): string | undefined =>
  Array.isArray(value) && value.length === 2 && value.every((one) => belowOne(one) === undefined)
    ? undefined
    : "two numbers from 0 to below 1";
