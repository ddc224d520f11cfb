import { between, checkValue, text } from "../options/checks.ts";
import { ShapeError } from "../options/errors.ts";
import { numbers } from "../options/lists.ts";

/** The distance of results from the reference. */
export interface Difference {
  /** Σ(actual − expected)² / Σ expected²; the plain sum of squares where the reference is all zeros. */
  readonly nmse: number;
  readonly maxAbsolute: number;
  /** Index of the largest error, with both values there. */
  readonly worst: { readonly index: number; readonly actual: number; readonly expected: number };
  /** First index where one is NaN or infinite and the other differs, or −1. */
  readonly misplaced: number;
}

/** Throws unless results and expected values are numbers (`OptionError`), and equally many (`ShapeError`). */
export function checkPair(
  where: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  name: "actual" | "emulated" = "actual",
): void {
  checkValue(where, name, numbers, actual);
  checkValue(where, "expected", numbers, expected);
  if (actual.length === expected.length) return;
  throw new ShapeError(`${where}: ${name} has ${actual.length} numbers, expected has ${expected.length}`);
}

/** Compares results with the float64 reference; NaN and infinities must be at the same indices. */
export function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): Difference {
  checkPair("difference", actual, expected);
  let error = 0;
  let power = 0;
  let maxAbsolute = 0;
  let misplaced = -1;
  let worst = { index: 0, actual: actual[0] ?? 0, expected: expected[0] ?? 0 };
  for (let i = 0; i < expected.length; i++) {
    const a = actual[i] ?? Number.NaN;
    const e = expected[i] ?? Number.NaN;
    if (!Number.isFinite(e) || !Number.isFinite(a)) {
      if (!Object.is(a, e) && misplaced < 0) {
        misplaced = i;
        worst = { index: i, actual: a, expected: e };
      }
      continue;
    }
    const d = Math.abs(a - e);
    error += d * d;
    power += e * e;
    if (d > maxAbsolute) {
      maxAbsolute = d;
      if (misplaced < 0) worst = { index: i, actual: a, expected: e };
    }
  }
  return { nmse: power > 0 ? error / power : error, maxAbsolute, worst, misplaced };
}

/** Throws unless each error of `actual` is at most `relative` of the element's size plus `absolute`. */
export function assertWithin(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { relative = 0, absolute = 0 }: { readonly relative?: number; readonly absolute?: number },
  what: string,
): void {
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i] ?? Number.NaN, expected[i] ?? Number.NaN];
    const bound = relative * Math.abs(e) + absolute;
    if (Object.is(a, e) || Math.abs(a - e) <= bound) continue;
    throw new Error(`${what}: ${a} at ${i}, expected ${e} within ${bound.toExponential(2)}`);
  }
}

/** The caps on NMSE, in one place (DESIGN, "Numbers"). */
export const nmseCaps = { f32: 1e-9, f16: 1e-6, logits: 1e-9, exact: 0 } as const;

/** Throws unless `actual` agrees with `expected` up to `cap`; the message says where they differ most. */
export function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, cap: number, what: string): void {
  checkValue("assertClose", "cap", between(0, Number.POSITIVE_INFINITY), cap);
  checkValue("assertClose", "what", text, what);
  const { nmse, worst, misplaced } = difference(actual, expected);
  const place = `at ${worst.index}: ${worst.actual}, expected ${worst.expected}`;
  if (misplaced >= 0) throw new Error(`${what}: NaN or infinity in the wrong place, ${place}`);
  if (!(nmse <= cap)) throw new Error(`${what}: NMSE ${nmse.toExponential(2)} above ${cap}, worst ${place}`);
}
