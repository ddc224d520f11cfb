// Lists of numbers: shapes, and the values of tensors.
import { type Check, listOf, size } from "./checks.ts";

const lengths = listOf(size);

/** A shape: the lengths of axes, of fewer than 2³² elements. */
export const shapeCheck: Check = (value) => {
  const expected = lengths(value);
  if (expected !== undefined) return expected;
  const count = (value as readonly number[]).reduce((product, length) => product * length, 1);
  return count < 2 ** 32 ? undefined : "a shape of fewer than 2³² elements";
};

/** Values of a tensor: numbers in a list, or in a typed array. */
export const numbers: Check = (value) => {
  const expected = "numbers, in a list or a typed array";
  if (typeof value !== "object" || value === null || !("length" in value)) return expected;
  const list = value as ArrayLike<unknown>;
  const count = ArrayBuffer.isView(value) ? Math.min(1, list.length) : list.length; // one element shows the type of all
  if (!Number.isSafeInteger(count) || count < 0) return expected;
  for (let i = 0; i < count; i++) if (typeof list[i] !== "number") return expected;
  return undefined;
};
