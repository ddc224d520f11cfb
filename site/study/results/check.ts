import { difference, nmseCaps } from "../../../src/check/compare.ts";
import { ulpsBetween } from "../session/values.ts";
import type { BoundedOutput } from "../worker/protocol.ts";

/** How a column compares with the definition in float64. */
export interface Verdict {
  readonly isRight: boolean;
  /** Σ(value − expected)² / Σ expected². */
  readonly nmse: number;
  readonly cap: number;
  /** The element with the largest error, with both values there. */
  readonly index: number;
  readonly value: number;
  readonly expected: number;
  /** How many f32 lie between the two. */
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
    value: worst.actual,
    expected: worst.expected,
    ulps: ulpsBetween(worst.actual, worst.expected),
    misplaced,
  };
}

/** How values keep within the bounds that roundings have. */
export interface Allowance {
  readonly within: number;
  readonly beyond: number;
  /** Elements of which rounding decides, or of which WGSL says nothing. */
  readonly unbounded: number;
  /** The largest share of its bound that an element uses, and which one; undefined without a bounded one. */
  readonly most: { readonly share: number; readonly index: number } | undefined;
}

/** Compares values with a run of the same text in float64. */
export function allowanceOf(values: Float64Array, { values: exact, bounds, decided }: BoundedOutput): Allowance {
  let [within, beyond, unbounded] = [0, 0, 0];
  let most: Allowance["most"];
  for (const [i, value] of values.entries()) {
    const [right, bound] = [exact[i] ?? 0, bounds[i] ?? 0];
    if (decided[i] || !Number.isFinite(bound)) {
      unbounded++;
      continue;
    }
    const distance = Object.is(value, right) ? 0 : Math.abs(value - right);
    if (distance <= bound) within++;
    else beyond++;
    const share = distance === 0 ? 0 : distance / bound;
    if (!most || !(share <= most.share)) most = { share, index: i };
  }
  return { within, beyond, unbounded, most };
}

const isMisplaced = (value: number, expected: number): boolean =>
  (!Number.isFinite(value) || !Number.isFinite(expected)) && !Object.is(value, expected);
