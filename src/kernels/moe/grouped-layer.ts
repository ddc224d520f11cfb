import { align } from "./align.ts";
import { combine } from "./combine.ts";
import { type ExpertsVariant, expertsSizes, vectorsRefusal } from "./experts-problem.ts";
import { type GroupedProduct, maxBlockRows } from "./grouped-product.ts";

/** A layer of experts with one of the grouped products. */
export const groupedLayer = ({ kernel: product, block, across }: GroupedProduct): ExpertsVariant => ({
  accepts: vectorsRefusal,
  record: (gpu, { x, experts, weights, gateUp, gateUpBias, down, downBias }, options) => {
    const { t, k, c, f, e } = expertsSizes({ x, experts, weights, gateUp, down });
    using scope = gpu.scope();
    const { activation = "swiglu", capacity } = options;
    const plan = align(
      gpu,
      { experts },
      {
        count: e,
        block,
        across: [across(2 * f, gpu), across(c, gpu)],
        ...(capacity === undefined ? {} : { capacity }),
      },
    );
    const shared = { count: e, slotCount: t * k };
    const lists = { slots: plan.slots, block_experts: plan.blockExperts, grids: plan.grids };
    const first = { x, weight: gateUp, bias: gateUpBias, ...lists };
    const hidden = product(gpu, first, { ...shared, choices: k, gated: activation }).z;
    const { z } = product(gpu, { x: hidden, weight: down, bias: downBias, ...lists }, shared);
    const { y } = combine(gpu, { z, positions: plan.positions, weights }, {});
    return { y: scope.keep(y), counts: scope.keep(plan.counts), offsets: scope.keep(plan.offsets) };
  },
});

/**
 * The maximum number of tokens with `k` choices each whose rows, sorted by `count` experts and padded, are at most
 * `rows`.
 */
export const maxTokens = (rows: number, k: number, count: number): number =>
  Math.max(1, Math.floor((rows - count * (maxBlockRows - 1)) / k));
