import type { ScalarName } from "../../../src/wgsl/run/types.ts";

const three = new Intl.NumberFormat("en", { maximumSignificantDigits: 3, useGrouping: false });

/** A value in few characters: integers whole, floats with three digits. */
export function valueText(value: number, scalar: ScalarName): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (scalar === "bool") return value === 0 ? "false" : "true";
  const size = Math.abs(value);
  if (scalar === "i32" || scalar === "u32") return String(value).replace("-", "−");
  if (size !== 0 && (size >= 1e5 || size < 1e-3)) {
    return value.toExponential(1).replace("e+", "e").replaceAll("-", "−");
  }
  return three.format(value).replace("-", "−");
}

/** The smallest and the largest of the finite values; undefined if none is finite. */
export function rangeOf(values: Iterable<number>): readonly [number, number] | undefined {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? [low, high] : undefined;
}

const buffer = new DataView(new ArrayBuffer(4));

/** How many f32 lie between two numbers: 0 if both are the same f32, ±0 included. */
export function ulpsBetween(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.NaN;
  return Math.abs(ordered(a) - ordered(b));
}

function ordered(value: number): number {
  buffer.setFloat32(0, value);
  const bits = buffer.getInt32(0);
  return bits < 0 ? -2147483648 - bits : bits;
}
