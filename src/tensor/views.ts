import { checkValue, integer, listOf } from "../options/checks.ts";
import { isPlain } from "./formats/formats.ts";
import { contiguousStrides, formatShape, isContiguous, resolveAxis, type Shape, ShapeError, sizeOf } from "./shape.ts";
import { Tensor } from "./tensor.ts";

/** Rows of a matrix that are in one segment. */
export interface RowBlock {
  readonly begin: number;
  readonly end: number;
  readonly rows: Tensor;
}

/** A tensor's rows in blocks of at most `most`, none across the segments of its memory; default the segments. */
export function rowBlocks(x: Tensor, most = Number.POSITIVE_INFINITY): RowBlock[] {
  return x.segments.flatMap(({ storage, begin, end }) => {
    const count = end - begin;
    const segment = [{ storage, begin: 0, end: count }];
    const whole = new Tensor(x.gpu, x.shape.with(0, count), x.dtype, segment, x.strides, x.offset);
    if (count <= most) return [{ begin, end, rows: whole }];
    return Array.from({ length: Math.ceil(count / most) }, (_, i) => {
      const [from, to] = [i * most, Math.min(count, (i + 1) * most)];
      return { begin: begin + from, end: begin + to, rows: slice(whole, 0, from, to) };
    });
  });
}

/** Tensors in several segments only allow views of the whole, row by row. */
function view(what: string, x: Tensor, shape: Shape, strides: readonly number[], offset = x.offset): Tensor {
  checkRows(what, x, shape, strides, offset);
  const [only, ...others] = x.segments;
  if (!only || others.length > 0) {
    const same = shape[0] === x.shape[0] && strides[0] === x.strides[0] && offset === x.offset;
    if (!same || !isContiguous(shape, strides)) {
      throw new ShapeError(
        `${what}: ${formatShape(x.shape)} has ${x.segments.length} segments of rows, so that ` +
          `${formatShape(shape)} is not a view of it`,
      );
    }
    return new Tensor(x.gpu, shape, x.dtype, x.segments, strides, offset);
  }
  return new Tensor(x.gpu, shape, x.dtype, [{ ...only, begin: 0, end: shape[0] ?? 1 }], strides, offset);
}

/** Formats of blocks only allow views of whole rows: the last axis does not change. */
function checkRows(
  what: string,
  { dtype, shape: of }: Tensor,
  shape: Shape,
  strides: readonly number[],
  offset: number,
) {
  const columns = of.at(-1) ?? 1;
  if (isPlain(dtype) || (shape.at(-1) === columns && strides.at(-1) === 1 && offset % columns === 0)) return;
  throw new ShapeError(`${what}: ${formatShape(shape)} of ${dtype} ${formatShape(of)}, expected whole rows`);
}

/** The same elements with another shape; one axis may be −1. Throws `ShapeError` unless the tensor is contiguous. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  checkValue("reshape", "shape", listOf(integer()), shape);
  const known = sizeOf(shape.filter((axis) => axis !== -1));
  const resolved = shape.map((axis) => (axis === -1 ? x.size / known : axis));
  if (
    shape.filter((axis) => axis === -1).length > 1 ||
    sizeOf(resolved) !== x.size ||
    !resolved.every((axis) => Number.isInteger(axis) && axis >= 0)
  ) {
    throw new ShapeError(`reshape: ${formatShape(x.shape)} does not fit ${formatShape(shape)}`);
  }
  if (!x.contiguous) throw new ShapeError(`reshape: ${formatShape(x.shape)} is not contiguous; call contiguous first`);
  return view("reshape", x, resolved, contiguousStrides(resolved));
}

/** The axes in another order, without a copy; default: the last two swapped. */
export function transpose(x: Tensor, order?: readonly number[]): Tensor {
  if (order !== undefined) checkValue("transpose", "order", listOf(integer()), order);
  const rank = x.shape.length;
  const axes = order ?? [...Array(Math.max(0, rank - 2)).keys(), rank - 1, rank - 2];
  const resolved = axes.map((axis) => resolveAxis(axis, rank, "transpose"));
  if (new Set(resolved).size !== rank || resolved.length !== rank) {
    throw new ShapeError(`transpose: ${formatShape(axes)} is not a permutation of the axes of ${formatShape(x.shape)}`);
  }
  return view(
    "transpose",
    x,
    resolved.map((axis) => x.shape[axis] ?? 1),
    resolved.map((axis) => x.strides[axis] ?? 0),
  );
}

/** Elements `begin` to `end` of one axis, without a copy. */
export function slice(x: Tensor, axis: number, begin: number, end: number): Tensor {
  checkValue("slice", "axis", integer(), axis);
  for (const [name, value] of Object.entries({ begin, end })) checkValue("slice", name, integer(0), value);
  const at = resolveAxis(axis, x.shape.length, "slice");
  const length = x.shape[at] ?? 0;
  if (end < begin || end > length) {
    throw new ShapeError(`slice: ${begin} to ${end} of axis ${axis}, which has ${length} elements`);
  }
  return view(
    "slice",
    x,
    x.shape.map((size, i) => (i === at ? end - begin : size)),
    x.strides,
    x.offset + begin * (x.strides[at] ?? 0),
  );
}
