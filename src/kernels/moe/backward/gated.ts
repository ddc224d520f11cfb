// What experts' gradients need in addition to products: gradients through gates and shares, and sums for biases.
import biasesSource from "#shaders/moe/backward/biases.wgsl";
import gatedSource from "#shaders/moe/backward/gated.wgsl";
import slopesClamped from "#shaders/moe/glu-slopes/clamped.wgsl";
import slopesSwiglu from "#shaders/moe/glu-slopes/swiglu.wgsl";
import sharesWeighted from "#shaders/moe/row-shares/weighted.wgsl";
import sharesWhole from "#shaders/moe/row-shares/whole.wgsl";
import biasNone from "#shaders/moe/slot-bias/none.wgsl";
import biasVector from "#shaders/moe/slot-bias/vector.wgsl";
import { constantsOf } from "../../../gpu/shader/specialise.ts";
import { defineKernel } from "../../define/kernel.ts";
import type { GatedActivation } from "../expert-weights.ts";

const { LANES } = constantsOf(gatedSource, "LANES");

/**
 * From the results of gate and up, pairs `[rows, 2f]`, and the gradients of results times down, e `[rows, f]`, both in
 * place: the gradients of the pairs, and the hidden values times their shares; and the gradients of the shares `[t,
 * k]`. With `dy` and `bias` these include the biases' part.
 */
export const gatedBackward = defineKernel({
  name: "moe/backward/gated",
  source: gatedSource,
  inputs: {
    positions: "[t, k]",
    shares: "[t, k]",
    "dy?": "[t, c]",
    "bias?": "[outputs]",
    "experts?": "[t, k]",
  },
  inout: { pairs: "[rows, both]", e: "[rows, f]" },
  outputs: { dshares: "[t, k]" },
  accepts: { positions: ["u32"], experts: ["u32"] },
  params: ({ t, k, f, c }, _options: { readonly activation: GatedActivation }) => ({ slots: t * k, f, c: c ?? 0 }),
  specialise: ({ k }, { activation }, { dtypes }) => ({
    parts: [activation === "swiglu" ? slopesSwiglu : slopesClamped, dtypes["bias"] ? biasVector : biasNone],
    constants: { CHOICES: k },
  }),
  threads: ({ t, k }) => t * k * LANES,
  cost: ({ t, k, f, c = 0 }) => ({ flops: t * k * (14 * f + 2 * c), requestedBytes: 4 * t * k * (6 * f + 2 * c + 3) }),
});

interface BiasOptions {
  readonly count: number;
  readonly slotCount: number;
  /** Choices per token, where rows of x are tokens. Unset: rows are slots in `align`'s order. */
  readonly choices?: number;
}

/** Sums of the rows of each expert's slots, times their shares if these are passed: x `[rows, n]` → db `[e · n]`. */
export const expertBiases = defineKernel({
  name: "moe/backward/biases",
  source: biasesSource,
  inputs: { x: "[rows, n]", slots: "[padded]", counts: "[e]", offsets: "[ends]", "shares?": "[t, k]" },
  outputs: { db: "[outputs]" },
  accepts: { slots: ["u32"], counts: ["u32"], offsets: ["u32"] },
  axes: ({ n }, { count }: BiasOptions) => ({ outputs: count * n }),
  params: ({ n }, { count, choices = 1 }) => ({ experts: count, n, choices }),
  specialise: (_axes, { choices }, { dtypes }) => ({
    parts: [dtypes["shares"] ? sharesWeighted : sharesWhole],
    constants: { GATHERED: choices !== undefined },
  }),
  threads: ({ n }, { count }) => count * n,
  cost: ({ n }, { count, slotCount }) => ({ flops: 2 * slotCount * n, requestedBytes: 4 * n * (slotCount + count) }),
});
