import { integer, required } from "../options/checks.ts";
import { given, tensor } from "./arguments.ts";
import { at, axisFromFirst, type Dense, dense, splitAt } from "./dense.ts";

type Input = { x: Dense };
type Axis = { axis: number };

/** Sum over one axis, which is removed; negative axes count from the last. Over an empty axis: 0. */
export const sum = (tensors: Input, options: Axis): { y: Dense } =>
  reduce("sum", tensors, options, 0, (all, next) => all + next);

/** Mean over one axis, which is removed. Over an empty axis: NaN. */
export function mean(tensors: Input, options: Axis): { y: Dense } {
  const { y } = reduce("mean", tensors, options, 0, (all, next) => all + next);
  const [, length] = splitAt(tensors.x.shape, options.axis);
  return {
    y: dense(
      y.shape,
      y.values.map((total) => total / length),
    ),
  };
}

/** Largest element over one axis, which is removed; NaN where one is. Over an empty axis: −∞. */
export const max = (tensors: Input, options: Axis): { y: Dense } =>
  reduce("max", tensors, options, Number.NEGATIVE_INFINITY, Math.max);

/**
 * The largest magnitude of all elements, in a word of `peaks` where it is above what the word holds: the bits of an
 * f32, in which infinity is above every number and NaN above infinity. x of any shape, peaks `[words]` (u32).
 */
export function magnitude(tensors: { x: Dense; peaks: Dense }, options: { index: number }): { peaks: Dense } {
  const { x, peaks } = given("magnitude", tensors, { x: tensor, peaks: tensor });
  const { index } = given("magnitude", options, { index: required(integer(0)) });
  const bits = x.values.map((value) => new Uint32Array(Float32Array.of(Math.abs(value)).buffer)[0] ?? 0);
  const most = bits.reduce((all, next) => Math.max(all, next), at(peaks.values, index));
  return { peaks: dense(peaks.shape, peaks.values.with(index, most)) };
}

function reduce(
  operation: string,
  tensors: Input,
  options: Axis,
  initial: number,
  combine: (all: number, next: number) => number,
): { y: Dense } {
  const { x } = given(operation, tensors, { x: tensor });
  const { axis } = given(operation, options, { axis: required(integer()) });
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
