import type { Example, Examples, Random } from "./task.ts";

/** Scrambles the bits of an integer (the finaliser of MurmurHash3, Appleby 2011). */
function scrambled(bits: number): number {
  let h = bits;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Random numbers that depend only on a seed and a counter, so that a run can be resumed (mulberry32). */
export function randomOf(seed: number, counter: number): Random {
  let state = scrambled(scrambled(seed >>> 0) ^ scrambled(Math.imul(counter + 1, 0x9e3779b9)));
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number below `end`. */
export const below = (random: Random, end: number): number => Math.floor(random() * end);

/** So many characters of an alphabet. */
export const letters = (random: Random, alphabet: string, count: number): string =>
  Array.from({ length: count }, () => alphabet[below(random, alphabet.length)]).join("");

/** A number in [0, 1) that depends only on a text (FNV-1a, scrambled). */
export function shareOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return scrambled(hash) / 2 ** 32;
}

/** Unsuccessful draws after which the examples are considered exhausted. */
const patience = 2000;

/** One of several. */
export const pick = <T>(random: Random, from: readonly T[]): T => from[below(random, from.length)] as T;

/**
 * Splits drawn examples by a hash of their prompts, or of `by`'s result, so that held-out ones are never trained on:
 * `share` of all is held out.
 */
export function split(
  drawAny: (random: Random) => Example,
  share: number,
  by: (example: Example) => string = ({ prompt }) => prompt,
): Pick<Examples, "draw" | "heldOut"> {
  const isHeldOut = (example: Example) => shareOf(by(example)) < share;
  return {
    draw: (random) => {
      for (;;) {
        const example = drawAny(random);
        if (!isHeldOut(example)) return example;
      }
    },
    heldOut: (most) => {
      const random = randomOf(0x5eed, 0);
      const found = new Map<string, Example>();
      for (let misses = 0; found.size < most && misses < patience; misses++) {
        const example = drawAny(random);
        const text = example.prompt + example.answer;
        if (!isHeldOut(example) || found.has(text)) continue;
        found.set(text, example);
        misses = 0;
      }
      return [...found.values()];
    },
  };
}
