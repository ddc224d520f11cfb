import { checkValue, finite, integer, size } from "../options/checks.ts";

/** Pseudo-random numbers, the same for the same seed. */
export interface RandomSource {
  /** The next number, uniformly distributed in [0, 1). */
  readonly uniform: () => number;
  /** The next number from the normal distribution of mean 0 and variance 1. */
  readonly normal: () => number;
  /** The next integer from 0 to `below` − 1. */
  readonly integer: (below: number) => number;
}

/** Pseudo-random numbers for inputs, by mulberry32 from a seed of 32 bits. */
export function randomSource(seed: number): RandomSource {
  checkValue("randomSource", "seed", integer(), seed);
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal, integer: (below: number) => Math.floor(uniform() * below) };
}

/** `count` numbers from the normal distribution of this mean and standard deviation `scale`. */
export function normal(count: number, seed: number, scale = 1, mean = 0): Float64Array {
  checkValue("normal", "count", size, count);
  checkValue("normal", "seed", integer(), seed);
  for (const [name, value] of Object.entries({ scale, mean })) checkValue("normal", name, finite, value);
  const source = randomSource(seed);
  return new Float64Array(count).map(() => source.normal() * scale + mean);
}
