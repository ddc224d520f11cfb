import { shown } from "../options/checks.ts";
import { OptionError, ShapeError } from "../options/errors.ts";

export { ShapeError } from "../options/errors.ts";

/** Sizes of the axes, outermost first. */
export type Shape = readonly number[];

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, axis) => product * axis, 1);
}

/** Strides, in elements, of a contiguous tensor. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = (strides[axis + 1] ?? 1) * (shape[axis + 1] ?? 1);
  }
  return strides;
}

/** True when walking the axes in order visits memory in order; axes of size 1 do not matter. */
export function isContiguous(shape: Shape, strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis] ?? 1;
  }
  return true;
}

/**
 * `[2, 3]`, as errors and the inspector print shapes; only the start of a long list, such as values passed as a shape.
 */
export function formatShape(shape: Shape): string {
  return `[${shape.slice(0, 16).join(", ")}${shape.length > 16 ? ", …" : ""}]`;
}

/** Throws unless every axis is a non-negative safe integer. */
export function assertShape(shape: Shape, what: string): void {
  if (!Array.isArray(shape)) {
    throw new OptionError(`${what}: shape is ${shown(shape)}, expected a list of integers of 0 or more`);
  }
  for (const axis of shape) {
    if (!Number.isSafeInteger(axis) || axis < 0) {
      throw new ShapeError(`${what}: shape ${formatShape(shape)} has axis ${axis}, expected integers of 0 or more`);
    }
  }
  if (Number.isSafeInteger(sizeOf(shape))) return;
  throw new ShapeError(`${what}: shape ${formatShape(shape)} has more elements than can be counted`);
}

/** `axis`, counted from the end when negative. */
export function resolveAxis(axis: number, rank: number, what: string): number {
  const resolved = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || resolved < 0 || resolved >= rank) {
    throw new ShapeError(`${what}: axis ${axis} does not exist in a tensor of ${rank} axes`);
  }
  return resolved;
}

/** The shape that two shapes broadcast to (NumPy's rule: equal, or one of them 1, aligned at the last axis). */
export function broadcastShapes(a: Shape, b: Shape, what: string): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[i - rank + a.length] ?? 1;
    const right = b[i - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new ShapeError(`${what}: ${formatShape(a)} and ${formatShape(b)} do not broadcast (${left} and ${right})`);
    }
    return left === 1 ? right : left;
  });
}
