import { type CallShape, type Filled, filled } from "./parameters.ts";

/** Words of which a third are not 0. */
export function flags(shape: readonly number[], seed: number, { random }: CallShape): Filled {
  const { integer } = random(seed);
  return filled(shape, () => (integer(3) === 0 ? 1 + integer(5) : 0));
}

/** Words of which about this percentage is 1. */
export function percentOf(shape: readonly number[], percent: number, { random }: CallShape): Filled {
  const { uniform } = random(percent);
  return filled(shape, () => (uniform() * 100 < percent ? 1 : 0));
}
