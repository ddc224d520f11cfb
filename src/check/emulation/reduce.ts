// Sums over an axis as plain f32 loops, every operation rounded.
import { at, type Dense, dense, splitAt } from "../../reference/dense.ts";
import { inRunsOf } from "./sums.ts";

/** The sum over an axis in f32, in runs of 32; as `src/reference/reduce.ts`. */
export function sum({ x }: { x: Dense }, { axis }: { axis: number }): { y: Dense } {
  return reduce(x, axis, (all) => all);
}

/** The mean over an axis in f32, in runs of 32; as `src/reference/reduce.ts`. */
export function mean({ x }: { x: Dense }, { axis }: { axis: number }): { y: Dense } {
  return reduce(x, axis, (all, length) => Math.fround(all / length));
}

const inRuns = inRunsOf(32);

function reduce(x: Dense, axis: number, finish: (all: number, length: number) => number): { y: Dense } {
  const [outer, length, inner] = splitAt(x.shape, axis);
  const y = dense([outer, inner]);
  for (let i = 0; i < outer * inner; i++) {
    const first = Math.floor(i / inner) * length * inner + (i % inner);
    y.values[i] = finish(
      inRuns((j) => at(x.values, first + j * inner), length),
      length,
    );
  }
  return { y };
}
