import { difference, nmseCaps } from "../../../src/check/compare.ts";
import { attention as attentionEmulation } from "../../../src/check/emulation/attention.ts";
import {
  layerNorm as layerNormEmulation,
  matmul as matmulEmulation,
  rmsNorm as rmsNormEmulation,
  softmax as softmaxEmulation,
} from "../../../src/check/emulation/rows.ts";
import { inTurn } from "../../../src/check/emulation/sums.ts";
import { type Errors, errorsOf } from "../../../src/check/gate.ts";
import { attention as attentionReference } from "../../../src/reference/attention/attention.ts";
import { causal } from "../../../src/reference/attention/masks.ts";
import { type Dense, dense } from "../../../src/reference/dense.ts";
import { matmul as matmulReference } from "../../../src/reference/matmul.ts";
import { layerNorm as layerNormReference, rmsNorm as rmsNormReference } from "../../../src/reference/norm.ts";
import { softmax as softmaxReference } from "../../../src/reference/softmax.ts";
import type { GreedyText } from "../../generate/likeliest.ts";
import type { BenchRow } from "../../result.ts";
import {
  type ArrayProblem,
  type AttentionProblem,
  attentionInputs,
  type EncoderProblem,
  matmulInputs,
  type RowsProblem,
  rowsEps,
  rowsInputs,
} from "../problems.ts";
import { blockInF32, blockInF64 } from "./block-truth.ts";
import { vectorsInF32, vectorsInF64 } from "./encoder-truth.ts";
import { judgeSteps, type StepsTruth } from "./train-truth.ts";

/** A text in float64: each token is the likeliest after all tokens before it. */
export type TokensTruth = GreedyText;

/** The expected result of a problem. */
export type Truth = NumbersTruth | StepsTruth | TokensTruth;

/** A problem's result in float64, and the error of plain f32 loops. */
export interface NumbersTruth {
  /** `[t, h, d]`, `[m, n]`, `[rows, cols]`, `[t, c]`, or `[texts, c]`. */
  readonly expected: Float64Array;
  readonly honest: Errors;
}

/**
 * The whole result instead of a sample, because an engine may be wrong in one tile of many. Takes seconds for the
 * larger problems.
 */
export function truthOf(problem: ArrayProblem | EncoderProblem): NumbersTruth {
  if (problem.op === "encoder") {
    const expected = vectorsInF64(problem);
    return { expected, honest: errorsOf(vectorsInF32(problem), expected) };
  }
  if (problem.op === "matmul") {
    const { m, k, n } = problem;
    const { x, weight } = matmulInputs(problem);
    const tensors = { x: dense([m, k], x), weight: dense([n, k], weight) };
    const expected = matmulReference(tensors).y.values;
    return { expected, honest: errorsOf(matmulEmulation(tensors, inTurn).y.values, expected) };
  }
  if (problem.op === "attention") return truthOfAttention(problem);
  const [expected, inF32] = problem.op === "block" ? [blockInF64(problem), blockInF32(problem)] : truthOfRows(problem);
  return { expected: expected.values, honest: errorsOf(inF32.values, expected.values) };
}

/** The results in float64 and of f32 loops. */
function truthOfRows(problem: RowsProblem): readonly [Dense, Dense] {
  const values = rowsInputs(problem);
  const x = dense([problem.rows, problem.cols], values.x);
  const weight = dense([problem.cols], values.weight);
  const bias = dense([problem.cols], values.bias);
  const options = { eps: rowsEps };
  if (problem.op === "softmax") return [softmaxReference({ x }).y, softmaxEmulation({ x }, inTurn).y];
  if (problem.op === "rms-norm") {
    return [rmsNormReference({ x, weight }, options).y, rmsNormEmulation({ x, weight }, options).y];
  }
  return [layerNormReference({ x, weight, bias }, options).y, layerNormEmulation({ x, weight, bias }, options).y];
}

function truthOfAttention(problem: AttentionProblem): NumbersTruth {
  const { h, g, d } = problem.heads;
  const { t, s } = problem.group;
  const { q, k, v } = attentionInputs(problem);
  const tensors = {
    q: byTokens(dense([t, h, d], q)),
    k: dense([1, g, s, d], k),
    v: dense([1, g, s, d], v),
  };
  const options = { mask: causal };
  const expected = byHeads(attentionReference(tensors, options).out);
  return { expected, honest: errorsOf(byHeads(attentionEmulation(tensors, options).out), expected) };
}

/** `[1, h, t, d]` from `[t, h, d]`. */
function byTokens({ shape: [t = 0, h = 0, d = 0], values }: Dense): Dense {
  return dense([1, h, t, d], permuted(values, t, h, d));
}

/** The values of `[t, h, d]` from `[1, h, t, d]`. */
function byHeads({ shape: [, h = 0, t = 0, d = 0], values }: Dense): Float64Array {
  return permuted(values, h, t, d);
}

function permuted(values: Float64Array, a: number, b: number, width: number): Float64Array {
  const out = new Float64Array(values.length);
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) out.set(values.subarray((i * b + j) * width).subarray(0, width), (j * a + i) * width);
  }
  return out;
}

type Judgement = Pick<BenchRow, "verdict" | "reason" | "checked" | "errorRatio" | "meanErrorRatio" | "nmse">;

/** Whether a result is correct. */
export function judge(actual: ArrayLike<number>, truth: Truth): Judgement {
  if ("figures" in truth) return judgeSteps(actual, truth);
  return "tokens" in truth ? judgeTokens(actual, truth) : judgeNumbers(actual, truth);
}

/** Tokens are either right or wrong. */
function judgeTokens(actual: ArrayLike<number>, { tokens, margin }: TokensTruth): Judgement {
  const checked = `${tokens.length} tokens, each the likeliest in float64, by a logit of ${margin.toPrecision(2)} or more`;
  const figures = { checked, errorRatio: null, meanErrorRatio: null, nmse: null };
  const at = tokens.findIndex((token, i) => token !== actual[i]);
  if (at >= 0) {
    const reason = `wrong: token ${at + 1} is ${actual[at] ?? "missing"}, expected ${tokens[at]}`;
    return { verdict: "fail", reason, ...figures };
  }
  if (actual.length === tokens.length) return { verdict: "pass", reason: null, ...figures };
  return { verdict: "fail", reason: `wrong: ${actual.length} tokens, expected ${tokens.length}`, ...figures };
}

/**
 * Whether numbers are correct: NMSE within the tests' cap for f32, without NaN or infinities. That allows a relative
 * error of 3e-5, a hundred times that of f32 loops, so that no peer fails because of rounding; the comparison with f32
 * loops is reported as well.
 */
function judgeNumbers(actual: ArrayLike<number>, { expected, honest }: NumbersTruth): Judgement {
  const checked = `all ${expected.length} elements`;
  if (actual.length !== expected.length) {
    const reason = `${actual.length} elements, expected ${expected.length}`;
    return { verdict: "fail", reason, checked, errorRatio: null, meanErrorRatio: null, nmse: null };
  }
  const { nmse, worst, misplaced } = difference(actual, expected);
  const errors = errorsOf(actual, expected);
  const ratio = (own: number, of: number) => (own === of ? 1 : of > 0 ? own / of : null);
  const figures = {
    checked,
    errorRatio: ratio(errors.largest, honest.largest),
    meanErrorRatio: ratio(errors.mean, honest.mean),
    nmse,
  };
  if (misplaced < 0 && nmse <= nmseCaps.f32) return { verdict: "pass", reason: null, ...figures };
  const place = `${worst.actual.toPrecision(6)} at ${worst.index}, expected ${worst.expected.toPrecision(6)}`;
  const reason = misplaced >= 0 ? place : `relative error ${Math.sqrt(nmse).toPrecision(2)}; worst ${place}`;
  return { verdict: "fail", reason: `wrong: ${reason}`, ...figures };
}
