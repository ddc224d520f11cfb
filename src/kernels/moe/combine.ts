import source from "#shaders/moe/combine.wgsl";
import resultRowsSlots from "#shaders/moe/result-rows/slots.wgsl";
import { defineKernel } from "../define/kernel.ts";

/** The order of the slots' results. */
interface CombineOptions {
  /** Number of experts; ids from here on are no expert. For results in the order of the slots. */
  readonly count?: number;
}

/**
 * The weighted sum of the results of each token's experts, with weights `[t, k]`: z `[rows, c]`, indexed by each slot's
 * `positions` `[t, k]` (u32; 0xffffffff is none) or, with `experts` `[t, k]`, in the order of the slots → y `[t, c]`.
 * Sums are in the order of the choices. Requires c to be a multiple of 4.
 */
export const combine = defineKernel({
  name: "moe/combine",
  source,
  inputs: { z: "[rows, c]", "positions?": "[t, k]", "experts?": "[t, k]", weights: "[t, k]" },
  outputs: { y: "[t, c]" },
  accepts: { positions: ["u32"], experts: ["u32"] },
  params: ({ t, c }, _options: CombineOptions) => ({ tokens: t, vectors: c / 4 }),
  specialise: ({ k }, { count }) => ({
    parts: count === undefined ? [] : [resultRowsSlots],
    constants: { CHOICES: k, ...(count === undefined ? {} : { EXPERTS: count }) },
  }),
  threads: ({ t, c }) => t * (c / 4),
  cost: ({ t, k, c }) => ({ flops: 2 * t * k * c, requestedBytes: 4 * t * ((k + 1) * c + (2 * k * c) / 4) }),
});
