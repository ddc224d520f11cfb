import acceptDraftsText from "#shaders/sampling/accept-drafts.wgsl";
import tokenWeightsText from "#shaders/sampling/token-weights.wgsl";
import { boolean } from "../../options/checks.ts";
import { ShapeError } from "../../tensor/shape.ts";
import { withOptions } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";
import { maxBatch } from "../step.ts";
import { maxVocabulary } from "./sample.ts";

/** How logits are checked. */
interface TokenWeightsOptions {
  /** True where −∞ is a token that may not come next; else it counts as not finite. Default false. */
  readonly restricted?: boolean;
}

/**
 * The integers that `sample` draws a row's tokens by: ⌊exp((l − max) / T) / S · 2³¹⌋ where the row's settings keep the
 * token, else 0. `logits` is `[b, v]`, `settings` `[64, 8]` from `packSettings`, `weights` `[b, v]` u32. A row with a
 * logit that is not finite has only zeros. Throws `ShapeError` for more than 64 rows or 2¹⁸ tokens.
 */
export const tokenWeights = withOptions(
  defineKernel({
    name: "sampling/token-weights",
    source: tokenWeightsText,
    inputs: { logits: "[b, v]", settings: "[64, 8]" },
    outputs: { weights: "[b, v]" },
    dtypes: () => ({ weights: "u32" }),
    params: ({ b, v }, _: TokenWeightsOptions) => ({ b, v }),
    specialise: (_, { restricted = false }) => ({ constants: { CHECKED: true, RESTRICTED: restricted } }),
    workgroups: ({ b }) => [b],
    cost: ({ b, v }) => ({ flops: 6 * b * v }),
    check: ({ b, v }) => {
      if (b > maxBatch) throw new ShapeError(`sampling/token-weights: ${b} rows, the settings have ${maxBatch}`);
      if (v > maxVocabulary)
        throw new ShapeError(`sampling/token-weights: ${v} tokens in a row, at most ${maxVocabulary}`);
    },
  }),
  { restricted: boolean },
);

/**
 * The next token of each row, given one that a draft model drew: it is kept with the probability min(1, p / q), and
 * else replaced by a draw from max(0, p − q), so that what is chosen follows p (Leviathan et al. 2022; Chen et al.
 * 2023). `weights` and `draftWeights` are `[b, v]` u32, from `tokenWeights`: p and q over their sums. `drafts` is `[b]`
 * u32, v or more in a row without one, which draws from p as `sample` does. `step` is `[64, 4]`; `chosen` is `[b]` u32,
 * `notFinite` for a row whose weights are all 0. Throws `ShapeError` for more than 64 rows.
 */
export const acceptDrafts = withOptions(
  defineKernel({
    name: "sampling/accept-drafts",
    source: acceptDraftsText,
    inputs: { weights: "[b, v]", draftWeights: "[b, v]", drafts: "[b]", step: "[64, 4]" },
    outputs: { chosen: "[b]" },
    accepts: { weights: ["u32"], draftWeights: ["u32"], drafts: ["u32"], step: ["u32"] },
    dtypes: () => ({ chosen: "u32" }),
    params: ({ b, v }) => ({ b, v }),
    workgroups: ({ b }) => [b],
    cost: ({ b, v }) => ({ flops: 0, requestedBytes: 4 * b * (8 * v + 2) }),
    check: ({ b }) => {
      if (b > maxBatch) throw new ShapeError(`sampling/accept-drafts: ${b} rows, a step has ${maxBatch}`);
    },
  }),
  {},
);
