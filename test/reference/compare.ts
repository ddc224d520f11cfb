import { expect } from "vitest";
import { type Dense, dense, sizeOf } from "../../src/reference/dense.ts";

/**
 * Fails unless every number is within `tolerance · max(1, |expected|)`; infinities and NaN must stand where expected.
 */
export function expectClose(actual: Dense | ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-13): void {
  const values = Array.from("shape" in actual ? actual.values : actual);
  expect(values.length).toBe(expected.length);
  for (const [i, value] of values.entries()) {
    const wanted = expected[i] ?? Number.NaN;
    const same = Object.is(value, wanted) || Math.abs(value - wanted) <= tolerance * Math.max(1, Math.abs(wanted));
    if (!same) expect.fail(`element ${i} is ${value}, expected ${wanted} within ${tolerance}`);
  }
}

/** Numbers in [−½, ½) of the linear congruential generator of Numerical Recipes: easy to repeat in any language. */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
}

/** The generator's next numbers as a tensor of values `offset + scale · number`. */
export function draw(next: () => number, shape: readonly number[], scale = 1, offset = 0): Dense {
  return dense(
    shape,
    Array.from({ length: sizeOf(shape) }, () => offset + scale * next()),
  );
}

/** Fails unless every number of each tensor is within `tolerance` of the expected one, times the largest of these. */
export function expectNear<T extends object>(actual: T, expected: T, tolerance: number): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  const wanted = Object.entries<Dense>(Object.fromEntries(Object.entries(expected)));
  const found = new Map(Object.entries<Dense>(Object.fromEntries(Object.entries(actual))));
  for (const [name, { shape, values }] of wanted) {
    expect(found.get(name)?.shape, name).toEqual(shape);
    const most = tolerance * values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    for (const [i, value] of values.entries()) {
      const own = found.get(name)?.values[i] ?? Number.NaN;
      if (!(Math.abs(own - value) <= most)) expect.fail(`${name}[${i}] is ${own}, expected ${value} within ${most}`);
    }
  }
}
