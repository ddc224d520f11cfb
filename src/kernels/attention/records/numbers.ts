import { type CallShape, type Filled, filled } from "./parameters.ts";

/** Numbers between −1 and 1 that f32 has. */
export function aroundZero(shape: readonly number[], seed: number, { random }: CallShape): Filled {
  const { uniform } = random(seed);
  return filled(shape, () => Math.fround(2 * uniform() - 1));
}

/** Numbers of a normal distribution. */
export function normals(shape: readonly number[], seed: number, { random }: CallShape): Filled {
  return filled(shape, random(seed).normal);
}
