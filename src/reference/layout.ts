import { integer, listOf, recordOf, required, size } from "../options/checks.ts";
import { formatShape } from "../tensor/shape.ts";
import { argument, given, tensor } from "./arguments.ts";
import { at, axisFromFirst, type Dense, dense, lengthOf, splitAt } from "./dense.ts";

/**
 * Reorders axes: axis i of y is axis `order[i]` of x. Throws a RangeError where order is not a permutation of x's axes.
 */
export function transpose(tensors: { x: Dense }, options: { order: readonly number[] }): { y: Dense } {
  const { x } = given("transpose", tensors, { x: tensor });
  const { order } = given("transpose", options, { order: required(listOf(integer())) });
  const axesOfX = order.map((axis) => axisFromFirst(x.shape, axis));
  if (axesOfX.length !== x.shape.length || new Set(axesOfX).size !== x.shape.length) {
    throw new RangeError(
      `transpose: order ${formatShape(order)} is not a permutation of the axes of ${formatShape(x.shape)}`,
    );
  }
  const strides = axesOfX.map((axis) => splitAt(x.shape, axis)[2]);
  const y = dense(axesOfX.map((axis) => lengthOf(x.shape, axis)));
  for (let index = 0; index < y.values.length; index++) {
    let rest = index;
    let source = 0;
    for (let axis = y.shape.length - 1; axis >= 0; axis--) {
      source += (rest % lengthOf(y.shape, axis)) * (strides[axis] ?? Number.NaN);
      rest = Math.floor(rest / lengthOf(y.shape, axis));
    }
    y.values[index] = at(x.values, source);
  }
  return { y };
}

/**
 * The part of an axis to keep: elements start (default 0) to end (default all), end excluded. Negative axes count from
 * the last.
 */
export interface SliceOptions {
  axis: number;
  start?: number;
  end?: number;
}

/** Elements `start <= i < end` of one axis. Throws a RangeError for a range outside of the axis. */
export function slice(tensors: { x: Dense }, options: SliceOptions): { y: Dense } {
  const { x } = given("slice", tensors, { x: tensor });
  const { axis, start = 0, end } = given("slice", options, { axis: required(integer()), start: size, end: size });
  const [outer, length, inner] = splitAt(x.shape, axis);
  const last = end ?? length;
  if (!(0 <= start && start <= last && last <= length)) {
    throw new RangeError(`slice: ${start} to ${last} of axis ${axis} of ${formatShape(x.shape)}, which has ${length}`);
  }
  const y = dense(x.shape.with(axisFromFirst(x.shape, axis), last - start));
  const run = (last - start) * inner;
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < run; i++) y.values[o * run + i] = at(x.values, (o * length + start) * inner + i);
  }
  return { y };
}

/** Joins tensors along one axis, in the order of the record. Throws a RangeError where their other axes differ. */
export function concat(inputs: Readonly<Record<string, Dense>>, options: { axis: number }): { y: Dense } {
  argument("concat", "inputs", inputs, recordOf(tensor));
  const { axis } = given("concat", options, { axis: required(integer()) });
  const parts = Object.values(inputs);
  const [first] = parts;
  if (!first) throw new RangeError("concat: no inputs");
  const position = axisFromFirst(first.shape, axis);
  for (const [name, { shape }] of Object.entries(inputs)) {
    if (shape.length !== first.shape.length || shape.some((length, i) => i !== position && length !== first.shape[i])) {
      const shapes = `${name} is ${formatShape(shape)}, which does not continue ${formatShape(first.shape)}`;
      throw new RangeError(`concat: ${shapes} along axis ${axis}`);
    }
  }
  const total = parts.reduce((sum, { shape }) => sum + lengthOf(shape, position), 0);
  const y = dense(first.shape.with(position, total));
  const [outer, , inner] = splitAt(y.shape, position);
  let done = 0;
  for (const part of parts) {
    const run = lengthOf(part.shape, position) * inner;
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < run; i++) y.values[o * total * inner + done + i] = at(part.values, o * run + i);
    }
    done += run;
  }
  return { y };
}
