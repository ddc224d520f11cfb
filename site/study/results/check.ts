import { difference, nmseCaps } from "../../../src/check/compare.ts";
import { ulpsBetween } from "../session/values.ts";

/** How a column compares with the definition in float64. */
export interface Verdict {
  readonly isRight: boolean;
  /** Σ(value − expected)² / Σ expected². */
  readonly nmse: number;
  readonly cap: number;
  /** The element with the largest error. */
  readonly index: number;
  /** How many f32 lie between both values there. */
  readonly ulps: number;
  /** How many elements are NaN or infinite where the definition is not, or the other way round. */
  readonly misplaced: number;
}

/** Compares values with a definition: integers exactly, floats by the gate that tests have. */
export function verdictOf(values: Float64Array, expected: Float64Array, scalar: string): Verdict {
  const same = Math.min(values.length, expected.length);
  const [own, right] = [values.subarray(0, same), expected.subarray(0, same)];
  const { nmse, worst, misplaced: first } = difference(own, right);
  const cap = scalar === "f32" ? nmseCaps.f32 : scalar === "f16" ? nmseCaps.f16 : nmseCaps.exact;
  const misplaced = own.reduce((count, value, i) => count + (isMisplaced(value, right[i] ?? 0) ? 1 : 0), 0);
  return {
    isRight: first < 0 && nmse <= cap,
    nmse,
    cap,
    index: worst.index,
    ulps: ulpsBetween(worst.actual, worst.expected),
    misplaced,
  };
}

const isMisplaced = (value: number, expected: number): boolean =>
  (!Number.isFinite(value) || !Number.isFinite(expected)) && !Object.is(value, expected);
