import source from "#shaders/sampling/token-logprobs.wgsl";
import { withOptions } from "../arguments.ts";
import { defineKernel } from "../kernel.ts";
import { rowThreads } from "./row-threads.ts";

/**
 * Natural logarithm of the probability of one token per row, for scoring text: log-softmax of the logits at the target.
 * `logits` is `[t, v]`, `targets` `[t]` u32, `logprobs` `[t]`: NaN where the target is outside of the vocabulary, and
 * in rows with NaN or +∞ among the logits.
 */
export const tokenLogprobs = withOptions(
  defineKernel({
    name: "sampling/token-logprobs",
    source,
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
