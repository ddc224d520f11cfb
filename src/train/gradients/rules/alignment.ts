import { type MaskLengthsOptions, maskLengths } from "../../../kernels/alignment/mask-lengths.ts";
import { type AdditiveScoresTensors, additiveScores } from "../../../kernels/alignment/scores.ts";
import { additiveScoresBackward } from "../../../kernels/alignment/scores-backward.ts";
import { asContiguous } from "../../../kernels/layout/contiguous.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { ruleOf } from "../rule.ts";

/** What is past the end has no gradient. */
export const maskLengthsRule = ruleOf<
  { readonly x: Tensor; readonly lengths: Tensor },
  { readonly y: Tensor },
  MaskLengthsOptions
>(maskLengths, (gpu, { tensors: { lengths }, options: { axis }, gradient: { y: dy } }) => ({
  x: dy && maskLengths(gpu, { x: asContiguous(gpu, dy), lengths }, { axis, value: 0 }).y,
}));

/** The tanh of each pair is computed again. */
export const additiveScoresRule = ruleOf<AdditiveScoresTensors, { readonly scores: Tensor }>(
  additiveScores,
  (gpu, { tensors, gradient: { scores }, needs }) => {
    if (!scores) return {};
    const wanted = { query: needs.has("query"), keys: needs.has("keys"), v: needs.has("v") };
    const dscores = asContiguous(gpu, scores);
    const { dquery, dkeys, dv } = additiveScoresBackward(gpu, { ...tensors, dscores }, { needs: wanted });
    return { query: dquery, keys: dkeys, v: dv };
  },
);
