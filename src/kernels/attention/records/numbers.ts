import { type CallShape, type Filled, filled } from "./parameters.ts";

/** f32 numbers between −1 and 1. */
export function aroundZero(shape: readonly number[], seed: number, { random }: CallShape): Filled {
  const { uniform } = random(seed);
  return filled(shape, () => Math.fround(2 * uniform() - 1));
}

/** Normally distributed numbers. */
export function normals(shape: readonly number[], seed: number, { random }: CallShape): Filled {
  return filled(shape, random(seed).normal);
}
