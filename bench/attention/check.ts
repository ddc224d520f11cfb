import { difference, nmseCaps } from "../../src/check/compare.ts";
import { allowedUlps, assertGate, errorsOf } from "../../src/check/gate.ts";
import type { BenchRow } from "../result.ts";
import type { AttentionCase } from "./case.ts";
import type { Truth } from "./truth.ts";

type Check = Pick<BenchRow, "verdict" | "reason" | "checked" | "errorRatio" | "meanErrorRatio" | "nmse">;

/** A row that was not checked, because the variant does not apply. */
export const unchecked = (reason: string): Check => ({
  verdict: "n/a",
  reason,
  checked: null,
  errorRatio: null,
  meanErrorRatio: null,
  nmse: null,
});

/** A variant's result for one group, `[b, t, h, dv]`, and the true values of some of its rows. */
export interface GroupResult {
  readonly out: ArrayLike<number>;
  readonly t: number;
  readonly truth: Truth;
}

/**
 * Compares results with float64: all must be finite, and the rows with true values must pass the gate of the tests
 * (`src/check/gate.ts`), so that errors are little larger than those of plain f32 loops, and their cap on NMSE.
 */
export function checkGroups(groups: readonly GroupResult[], { heads: { h, dv } }: Pick<AttentionCase, "heads">): Check {
  const actual: number[] = [];
  let [checkedRows, rows] = [0, 0];
  for (const { out, t, truth } of groups) {
    for (let i = 0; i < out.length; i++) {
      if (!Number.isFinite(out[i])) return failed(`element ${i} of the result is ${out[i]}`, checkedText(0, truth.of));
    }
    for (const { batch, head, row } of truth.places) {
      const first = ((batch * t + row) * h + head) * dv;
      for (let j = 0; j < dv; j++) actual.push(out[first + j] ?? Number.NaN);
    }
    checkedRows += truth.places.length;
    rows += truth.of;
  }
  const expected = joined(groups.map(({ truth }) => truth.expected));
  const emulated = joined(groups.map(({ truth }) => truth.emulated));
  const [own, honest] = [errorsOf(actual, expected), errorsOf(emulated, expected)];
  const { nmse, worst } = difference(actual, expected);
  const checked = checkedText(checkedRows, rows);
  const figures = {
    checked,
    errorRatio: ratio(own.largest, honest.largest),
    meanErrorRatio: ratio(own.mean, honest.mean),
    nmse,
  };
  try {
    const allowed = Math.max(...groups.map(({ truth }) => truth.allowed));
    assertGate(actual, expected, emulated, allowedUlps.exp(0) + allowed, "result");
    if (!(nmse <= nmseCaps.f32)) {
      throw new Error(
        `NMSE ${nmse.toExponential(2)} above ${nmseCaps.f32}, worst ${worst.actual}, expected ${worst.expected}`,
      );
    }
  } catch (error) {
    return { verdict: "fail", reason: error instanceof Error ? error.message : String(error), ...figures };
  }
  return { verdict: "pass", reason: null, ...figures };
}

/** Both errors may be 0, for example if only one key is visible. */
const ratio = (own: number, honest: number): number | null => (own === honest ? 1 : honest > 0 ? own / honest : null);

const checkedText = (rows: number, of: number) =>
  rows === of ? `all ${of} query rows` : `${rows} of ${of} query rows: first, last, tile edges, some between`;

const failed = (reason: string, checked: string): Check => ({ ...unchecked(reason), verdict: "fail", checked });

function joined(parts: readonly Float64Array[]): Float64Array {
  const out = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
