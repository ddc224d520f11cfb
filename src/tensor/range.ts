import { between, type Check, checkValue, integer } from "../options/checks.ts";
import type { FloatElement, IntegerElement } from "./formats/format.ts";
import { type PlainType, plainElement } from "./formats.ts";

type Either = Pick<FloatElement | IntegerElement, "kind"> &
  Partial<Omit<FloatElement, "kind"> & Omit<IntegerElement, "kind">>;

/**
 * Values of a tensor, of which a list's are numbers that its type has once they are rounded; NaN and infinities are floats.
 * Throws `OptionError` for another one, or takes it to the range's nearer end where these saturate. Typed arrays are what
 * they are unless they do.
 */
export function inRange(values: ArrayLike<number>, dtype: PlainType, saturate = false): ArrayLike<number> {
  if (!saturate && ArrayBuffer.isView(values)) return values;
  const { kind, signed, bias = signed ? 30 : 31, fraction = bias }: Either = plainElement(dtype);
  const isInteger = kind === "integer";
  const half = 2 ** (bias - fraction - 1); // of the last bit of the greatest number
  const most = 2 ** (bias + 1) - 2 * half;
  const least = isInteger ? (signed ? ~most : 0) : -most;
  const inside = (isInteger ? integer : between)(least, most);
  const check: Check = (value) => {
    const expected = inside(value);
    return expected && `${expected} (${dtype}); { saturate: true } saturates`;
  };
  const near = (value: number) =>
    isInteger || Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : value;
  if (saturate) return Float64Array.from(values, near);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? Number.NaN;
    const isOutside = isInteger ? inside(value) !== undefined : Math.abs(value - near(value)) >= half;
    if (isOutside) checkValue("tensor", `element ${i}`, check, value);
  }
  return values;
}
