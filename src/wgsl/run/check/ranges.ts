import { roundTo } from "../numbers.ts";
import { isAbstract, isFloat, type ScalarName, type ScalarType } from "../types.ts";

/**
 * How far a conversion that WGSL makes by itself is (section 6.1.2): 0 for the same type, undefined where there is
 * none. Of several candidates the nearest is taken.
 */
export function conversionRank(from: ScalarName, to: ScalarName): number | undefined {
  return from === to ? 0 : ranks[from]?.[to];
}

const ranks: Partial<Record<ScalarName, Partial<Record<ScalarName, number>>>> = {
  "abstract-float": { f32: 1, f16: 2 },
  "abstract-int": { i32: 3, u32: 4, "abstract-float": 5, f32: 6, f16: 7 },
};

const integers: Partial<Record<ScalarName, readonly [number, number]>> = {
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u32: [0, 2 ** 32 - 1],
  "abstract-int": [-(2 ** 63), 2 ** 63],
};

/** The largest finite number of each float. */
const largest: Partial<Record<ScalarName, number>> = { f32: 0xffffff * 2 ** 104, f16: 65_504 };

/**
 * A constant as one of the type, rounded; undefined for one that is out of its range, or is not finite. One above the
 * largest number of a type is out of range even if that is the nearest, as browsers have it.
 */
export function constantIn(value: number, type: ScalarType): number | undefined {
  const range = integers[type.scalar];
  if (range) return Number.isInteger(value) && value >= range[0] && value <= range[1] ? value + 0 : undefined;
  if (!isFloat(type)) return value;
  if (!Number.isFinite(value) || Math.abs(value) > (largest[type.scalar] ?? Infinity)) return undefined;
  return isAbstract(type) ? value : roundTo(value, type.scalar);
}
