import { at, axisFromFirst, type Dense, dense, splitAt } from "./dense.ts";

type Axis = { axis: number };

/** Sum over one axis, which is removed; negative axes count from the last. Over an empty axis: 0. */
export const sum = ({ x }: { x: Dense }, { axis }: Axis): { y: Dense } => reduce(x, axis, 0, (all, next) => all + next);

/** Mean over one axis, which is removed. Over an empty axis: NaN. */
export function mean({ x }: { x: Dense }, { axis }: Axis): { y: Dense } {
  const [, length] = splitAt(x.shape, axis);
  const { y } = sum({ x }, { axis });
  return {
    y: dense(
      y.shape,
      y.values.map((total) => total / length),
    ),
  };
}

/** Largest element over one axis, which is removed; NaN where one is. Over an empty axis: −∞. */
export const max = ({ x }: { x: Dense }, { axis }: Axis): { y: Dense } =>
  reduce(x, axis, Number.NEGATIVE_INFINITY, Math.max);

function reduce(x: Dense, axis: number, initial: number, combine: (all: number, next: number) => number): { y: Dense } {
  const [outer, length, inner] = splitAt(x.shape, axis);
  const y = dense(x.shape.toSpliced(axisFromFirst(x.shape, axis), 1));
  for (let o = 0; o < outer; o++) {
    for (let n = 0; n < inner; n++) {
      let all = initial;
      for (let i = 0; i < length; i++) all = combine(all, at(x.values, (o * length + i) * inner + n));
      y.values[o * inner + n] = all;
    }
  }
  return { y };
}
