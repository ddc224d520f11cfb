// Lists of numbers: shapes, and the values of tensors.
import { type Check, listOf, size } from "./checks.ts";

/** A shape: the lengths of axes. */
export const shapeCheck: Check = listOf(size);

/** Values of a tensor: numbers in a list, or in a typed array. */
export const numbers: Check = (value) => {
  const expected = "numbers, in a list or a typed array";
  if (typeof value !== "object" || value === null || !("length" in value)) return expected;
  const list = value as ArrayLike<unknown>;
  const count = ArrayBuffer.isView(value) ? Math.min(1, list.length) : list.length; // one says what all are
  if (!Number.isSafeInteger(count) || count < 0) return expected;
  for (let i = 0; i < count; i++) if (typeof list[i] !== "number") return expected;
  return undefined;
};
