// How a buffer that a GPU has written differs from the interpreter's.
import { numberAt } from "../wgsl/run/contents.ts";
import { compareWithFloat64, type Elements } from "../wgsl/run/float64/elements.ts";
import type { ScalarName } from "../wgsl/run/types.ts";

/**
 * How far numbers may be from the interpreter's where float64 does not help, relative to the largest of their type in the
 * buffer: 8 times 2^-24 (2^-11 of f16), which sums in another order need.
 */
export const toleranceOf = (scalar: ScalarName): number => 8 * (scalar === "f16" ? 2 ** -11 : 2 ** -24);

/** A number that differs. */
interface Difference {
  /** Among the elements. */
  readonly index: number;
  readonly interpreted: number;
  readonly onGpu: number;
}

/**
 * The numbers of a buffer of a GPU that are neither within their bounds of float64 nor within the tolerance of the
 * interpreter's. NaN and infinities without a bound are at the same positions, or they differ. Integers have a tolerance
 * only where rounding decides them.
 */
export function differencesOf(elements: Elements, interpreted: ArrayBuffer, onGpu: ArrayBuffer): Difference[] {
  const { scalars, offsets } = elements;
  const { ratios } = compareWithFloat64(elements, onGpu);
  const numbersOf = (buffer: ArrayBuffer): number[] => {
    const view = new DataView(buffer);
    return scalars.map((scalar, i) => numberAt(view, scalar, offsets[i] as number));
  };
  const [ours, gpus] = [numbersOf(interpreted), numbersOf(onGpu)];
  const largest = new Map<ScalarName, number>();
  for (const [i, value] of ours.entries()) {
    const scalar = scalars[i] as ScalarName;
    if (Number.isFinite(value)) largest.set(scalar, Math.max(largest.get(scalar) ?? 0, Math.abs(value)));
  }
  return ours.flatMap((own, index) => {
    const [other, scalar, ratio] = [gpus[index] as number, scalars[index] as ScalarName, ratios[index] as number];
    if (ratio <= 1 || Object.is(own, other)) return [];
    const isTolerant = scalar === "f32" || scalar === "f16" || Number.isNaN(ratio);
    const allowed = isTolerant ? toleranceOf(scalar) * (largest.get(scalar) ?? 0) : 0;
    return Math.abs(own - other) <= allowed ? [] : [{ index, interpreted: own, onGpu: other }];
  });
}

/** Whether two buffers hold the same bytes. */
export function haveSameBytes(a: ArrayBuffer, b: ArrayBuffer): boolean {
  const [own, other] = [new Uint8Array(a), new Uint8Array(b)];
  return own.length === other.length && own.every((byte, i) => byte === other[i]);
}
