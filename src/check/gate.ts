// The gate on errors: a kernel's error may be at most a little larger than that of plain arithmetic in the same
// precision.
import { atLeast, checkValue, either, text } from "../options/checks.ts";
import { numbers } from "../options/lists.ts";
import type { Dense } from "../reference/dense.ts";
import { checkPair } from "./compare.ts";
import type { Sum } from "./emulation/sums.ts";
import type { Named } from "./named.ts";

/** The part of a case table that compares results with the error of plain f32 loops. */
export interface Gate<
  Inputs extends string = string,
  Outputs extends string = string,
  Options = object,
  Variant extends string = string,
> {
  /**
   * The op by its definition in f32, each operation rounded and sums in a plain order, from the same inputs as the
   * reference: see `src/check/emulation/`.
   */
  emulation(inputs: Named<Inputs, Dense>, options: Options, sum: Sum): Named<Outputs, Dense>;
  /** The order in which a variant sums a row, where the emulation depends on it. Default {@link inTurn}. */
  sum?(variant: Variant): Sum;
  /**
   * The errors that WGSL's accuracy table allows the builtins of this op beyond correct rounding, in ulps of the
   * result: see {@link allowedUlps}; per element where it depends on the argument. Default 0.
   */
  allowed?(inputs: Named<Inputs, Dense>, variant: Variant, options: Options): Allowed;
}

/** Ulps, for all results or for each. */
export type Allowed = number | ArrayLike<number>;

/**
 * Ulps by which WGSL lets a builtin differ from the correctly rounded result ("Accuracy of Built-in Expressions" in
 * the specification). Those of exp grow with its argument; softmax and attention are largest where it is 0.
 */
export const allowedUlps = { division: 2.5, exp: (x: number) => 3 + 2 * Math.abs(x), inverseSqrt: 2 } as const;

/** Maximum ratio of a kernel's error to the emulation's, by norm. */
const ratio = { largest: 2, mean: 1.5 } as const;

/** Ulps of each result that are always allowed, since a result may be rounded twice. */
const roundings = 2;

/** The largest and the mean error over finite elements. */
export interface Errors {
  readonly largest: number;
  readonly mean: number;
}

/** The distance from `value` to the next float32 above it in size. */
export function ulp(value: number): number {
  const exponent = Math.floor(Math.log2(Math.max(Math.abs(value), 2 ** -126)));
  return 2 ** (exponent - 23);
}

/**
 * The errors of `actual`; elements that are not finite in either are skipped (their positions are checked elsewhere).
 */
export function errorsOf(actual: ArrayLike<number>, expected: ArrayLike<number>): Errors {
  checkPair("errorsOf", actual, expected);
  let largest = 0;
  let sum = 0;
  let count = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs((actual[i] ?? Number.NaN) - (expected[i] ?? Number.NaN));
    if (!Number.isFinite(error)) continue;
    largest = Math.max(largest, error);
    sum += error;
    count++;
  }
  return { largest, mean: count > 0 ? sum / count : 0 };
}

/** The errors that a result may have: `ratio` times those of `emulated`, and a floor of a few ulps of each element. */
export function limitsOf(emulated: ArrayLike<number>, expected: ArrayLike<number>, allowed: Allowed = 0): Errors {
  checkPair("limitsOf", emulated, expected, "emulated");
  checkValue("limitsOf", "allowed", either(atLeast(0), numbers), allowed);
  const { largest, mean } = errorsOf(emulated, expected);
  let top = 0;
  let sum = 0;
  let count = 0;
  for (let i = 0; i < expected.length; i++) {
    const size = Math.abs(expected[i] ?? Number.NaN);
    if (!Number.isFinite(size)) continue;
    const floor = (roundings + (typeof allowed === "number" ? allowed : (allowed[i] ?? 0))) * ulp(size);
    top = Math.max(top, floor);
    sum += floor;
    count++;
  }
  return {
    largest: ratio.largest * largest + top,
    // An eighth on average: a builtin reaches its maximum error only at a few arguments.
    mean: ratio.mean * mean + (count > 0 ? sum / count / 8 : 0),
  };
}

/** Throws unless the errors of `actual` are within the limits set by the emulation. */
export function assertGate(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  emulated: ArrayLike<number>,
  allowed: Allowed,
  what: string,
): void {
  checkValue("assertGate", "what", text, what);
  const errors = errorsOf(actual, expected);
  const limits = limitsOf(emulated, expected, allowed);
  for (const norm of ["largest", "mean"] as const) {
    if (!(errors[norm] <= limits[norm])) {
      throw new Error(
        `${what}: ${norm} error ${errors[norm].toExponential(2)} above ${limits[norm].toExponential(2)}, ` +
          `where plain f32 loops have ${errorsOf(emulated, expected)[norm].toExponential(2)}`,
      );
    }
  }
}
