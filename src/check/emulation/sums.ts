// Sums in the order of the kernels, every operation rounded to f32.

import { checkValue, integer } from "../../options/checks.ts";

const f = Math.fround;

/** The sum of `values(0)` to `values(n − 1)`. */
export type Sum = (values: (index: number) => number, n: number) => number;

/** The sum of n elements in f32, with one accumulator. */
export const inTurn: Sum = (values, n) => {
  let sum = 0;
  for (let i = 0; i < n; i++) sum = f(sum + values(i));
  return sum;
};

/** The sum of n elements in f32: runs of this many elements, then the sum of the runs. */
export function inRunsOf(run: number): Sum {
  checkValue("inRunsOf", "run", integer(1), run);
  return (values, n) => {
    let sum = 0;
    for (let first = 0; first < n; first += run) {
      let part = 0;
      for (let i = first; i < Math.min(n, first + run); i++) part = f(part + values(i));
      sum = f(sum + part);
    }
    return sum;
  };
}

/** The sum of n elements in f32, in runs of 64. */
export const inRuns: Sum = inRunsOf(64);
