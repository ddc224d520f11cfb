import type { AttentionScore } from "../../src/index.ts";
import { type Score, softcap } from "../../src/reference/scores.ts";
import { allowedUlps } from "../../test/support/gate.ts";

/** What becomes of a scaled dot product, as it is named on the command line, with its twins for the reference. */
export interface BenchScore {
  readonly text: string;
  readonly score: AttentionScore;
  readonly reference?: Score;
  /** The same in f32, every operation rounded: what plain f32 loops would make of it. */
  readonly emulation?: Score;
  /** What WGSL's accuracy table allows its builtins, in ulps of attention's result. */
  readonly allowed?: number;
}

const f = Math.fround;

/** tanh as WGSL's accuracy table has it: the quotient of the hyperbolic sine and cosine, from exponentials. */
function tanh(x: number): number {
  const [up, down] = [f(Math.exp(x)), f(Math.exp(-x))];
  return Number.isFinite(up) && Number.isFinite(down) ? f(f(up - down) / f(up + down)) : Math.sign(x);
}

/** Reads `none` or `softcap:50`. Throws a RangeError that says what there is. */
export function parseScore(text: string): BenchScore {
  if (text === "none") return { text, score: "none" };
  const [, number] = /^softcap:(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  const cap = Number(number ?? Number.NaN);
  if (!(cap > 0)) throw new RangeError(`score is "${text}", expected "none" or "softcap:cap" with a cap above 0`);
  return {
    text: `softcap:${cap}`,
    score: { kind: "softcap", cap },
    reference: softcap({ cap }),
    emulation: (score) => f(f(cap) * tanh(f(score / f(cap)))),
    // An error of tanh is as large as those of its two exponentials; the cap makes it one of the score, exp of a weight.
    allowed: cap * allowedUlps.exp(0),
  };
}
