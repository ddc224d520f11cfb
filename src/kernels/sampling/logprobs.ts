import source from "#shaders/sampling/penalise.wgsl";
import tokenSource from "#shaders/sampling/token-logprobs.wgsl";
import topSource from "#shaders/sampling/top-logprobs.wgsl";
import { integer, required } from "../../options/checks.ts";
import { ShapeError } from "../../tensor/shape.ts";
import { withOptions } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";
import { rowThreads } from "../reduce/lanes.ts";
import { maxBatch } from "../step.ts";

/**
 * Natural logarithm of the probability of one token per row, for scoring text: log-softmax of the logits at the target.
 * `logits` is `[t, v]`, `targets` `[t]` u32, `logprobs` `[t]`: NaN where the target is outside of the vocabulary, and
 * in rows with NaN or +∞ among the logits.
 */
export const tokenLogprobs = /* @__PURE__ */ withOptions(
  defineKernel({
    name: "sampling/token-logprobs",
    source: tokenSource,
    inputs: { logits: "[t, v]", targets: "[t]" },
    outputs: { logprobs: "[t]" },
    accepts: { targets: ["u32"] },
    params: ({ t, v }) => ({ t, v }),
    specialise: ({ v }) => ({ constants: rowThreads(v) }),
    workgroups: ({ t }) => [t],
    cost: ({ t, v }) => ({ flops: 3 * t * v, requestedBytes: 8 * t * v }),
  }),
  {},
);

/** Maximum number of tokens that `topLogprobs` lists. */
export const maxTopLogprobs = 64;

/**
 * The `n` most likely tokens of each row, highest first, the lower id first on ties, and the natural logarithms of
 * their probabilities (log-softmax of the logits as given) and of the chosen token's, with its rank in the same order,
 * counted from 1. `logits` is `[b, v]`, `chosen` `[b]` u32; `ids` (u32) and `logprobs` are `[b, n]`, `chosenLogprob`
 * and `chosenRank` (u32) `[b]`, NaN and 0 where `chosen` is outside of the vocabulary. NaN and +∞ among the logits make
 * the logprobs of their row NaN. Throws `ShapeError` unless n is 1 to 64 and at most v.
 */
export const topLogprobs = /* @__PURE__ */ withOptions(
  defineKernel({
    name: "sampling/top-logprobs",
    source: topSource,
    inputs: { logits: "[b, v]", chosen: "[b]" },
    outputs: { ids: "[b, n]", logprobs: "[b, n]", chosenLogprob: "[b]", chosenRank: "[b]" },
    accepts: { chosen: ["u32"] },
    dtypes: () => ({ ids: "u32", chosenRank: "u32" }),
    axes: (_, { n }: { readonly n: number }) => ({ n }),
    params: ({ b, v, n }) => ({ b, v, n }),
    specialise: () => ({ constants: { CANDIDATES: maxTopLogprobs } }),
    workgroups: ({ b }) => [b],
    cost: ({ b, v }) => ({ flops: 3 * b * v, requestedBytes: 36 * b * v }),
    check: ({ v }, { n }) => {
      const most = Math.min(v, maxTopLogprobs);
      if (!(Number.isInteger(n) && n >= 1 && n <= most)) {
        throw new ShapeError(`sampling/top-logprobs: n is ${n}, expected 1 to ${most} for ${v} tokens`);
      }
    },
  }),
  { n: required(integer(1, maxTopLogprobs)) },
);

/**
 * Logits under the penalties of each row's settings: repetition divides positive and multiplies negative logits of
 * tokens in the prompt or generated (Keskar et al. 2019, section 4.1); presence and frequency apply only to generated
 * tokens and are subtracted once, or once for each occurrence (the OpenAI API's definition). `logits` and `y` are `[b,
 * v]`, `counts` `[b, v]` u32 (bit 31: in the prompt; the rest: times generated), `settings` `[64, 8]` from
 * `packSettings`. Throws `ShapeError` for more than 64 rows.
 */
export const penalise = withOptions(
  defineKernel({
    name: "sampling/penalise",
    source,
    inputs: { logits: "[b, v]", counts: "[b, v]", settings: "[64, 8]" },
    outputs: { y: "[b, v]" },
    accepts: { counts: ["u32"] },
    params: ({ b, v }) => ({ b, v }),
    threads: ({ b, v }) => b * v,
    cost: ({ b, v }) => ({ flops: 4 * b * v, requestedBytes: 44 * b * v }),
    check: ({ b }) => {
      if (b > maxBatch) throw new ShapeError(`sampling/penalise: ${b} rows, the settings have ${maxBatch}`);
    },
  }),
  {},
);
