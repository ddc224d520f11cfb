import source from "#shaders/sampling/top-logprobs.wgsl";
import { integer, required } from "../../options/checks.ts";
import { ShapeError } from "../../tensor/shape.ts";
import { withOptions } from "../arguments.ts";
import { defineKernel } from "../kernel.ts";

/** Maximum number of tokens that `topLogprobs` lists. */
export const maxTopLogprobs = 64;

/**
 * The `n` most likely tokens of each row, highest first, the lower id first on ties, and the natural logarithms of
 * their probabilities (log-softmax of the logits as given) and of the chosen token's, with its rank in the same order,
 * counted from 1. `logits` is `[b, v]`, `chosen` `[b]` u32; `ids` (u32) and `logprobs` are `[b, n]`, `chosenLogprob`
 * and `chosenRank` (u32) `[b]`, NaN and 0 where `chosen` is outside of the vocabulary. NaN and +∞ among the logits make the logprobs of their row NaN. Throws `ShapeError` unless n is 1 to 64
 * and at most v.
 */
export const topLogprobs = withOptions(
  defineKernel({
    name: "sampling/top-logprobs",
    source,
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
