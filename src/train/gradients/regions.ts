// Which elements of a storage a view covers, and whether two views overlap.
import { isContiguous, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** A view of one storage: its axes of more than one element, the longest strides first. */
interface Pattern {
  readonly offset: number;
  readonly axes: readonly { readonly size: number; readonly stride: number }[];
}

/** Elements of one storage that a view covers. */
export type Region = Pick<Tensor, "shape" | "strides" | "offset">;

const patternOf = ({ shape, strides, offset }: Region): Pattern => {
  const axes = shape.map((size, axis) => ({ size, stride: strides[axis] ?? 0 })).filter(({ size }) => size > 1);
  return { offset, axes: axes.sort((a, b) => b.stride - a.stride) };
};

/** Distance from the first element of these axes to the last. */
const reach = (axes: Pattern["axes"]) => axes.reduce((sum, { size, stride }) => sum + (size - 1) * stride, 0);

/** True if elements of the view share memory. */
export const isBroadcast = ({ shape, strides }: Region): boolean =>
  shape.some((size, axis) => size > 1 && strides[axis] === 0);

/** The view with each element once. */
export const withoutRepeats = ({ shape, strides, offset }: Region): Region => ({
  shape: shape.map((size, axis) => (size > 1 && strides[axis] === 0 ? 1 : size)),
  strides,
  offset,
});

/**
 * True unless two views of a storage are known to be disjoint: their ranges do not overlap, or they are different
 * columns of the same rows.
 */
export function meet(a: Region, b: Region): boolean {
  if (sizeOf(a.shape) === 0 || sizeOf(b.shape) === 0) return false;
  const [one, two] = [patternOf(a), patternOf(b)];
  if (one.offset + reach(one.axes) < two.offset || two.offset + reach(two.axes) < one.offset) return false;
  const pitch = one.axes[0]?.stride ?? 0;
  // Columns: within each row of `pitch` elements both cover a range without wrap-around.
  if (pitch === 0 || two.axes[0]?.stride !== pitch) return true;
  const columns = ({ offset, axes }: Pattern) => {
    const inner = axes.filter(({ stride }) => stride % pitch !== 0);
    return { begin: offset % pitch, end: (offset % pitch) + reach(inner) };
  };
  const [left, right] = [columns(one), columns(two)];
  if (left.end >= pitch || right.end >= pitch) return true;
  return left.end >= right.begin && right.end >= left.begin;
}

/** True for a view of consecutive elements from the start of its storage. */
export const isFromStart = ({ shape, strides, offset }: Region): boolean =>
  offset === 0 && isContiguous(shape, strides);
