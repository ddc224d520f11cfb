import type { ExpertsVariant } from "./experts-problem.ts";
import { groupedLayer } from "./grouped-layer.ts";
import { subgroupProduct } from "./subgroup-product.ts";

const layer = groupedLayer(subgroupProduct);

/** As grouped, in the registers of subgroups, whose short blocks need little padding. Bitwise equal to grouped. */
export const subgroups: ExpertsVariant = {
  ...layer,
  requires: ["subgroups"],
  accepts: (tensors, options, gpu) =>
    gpu.adapter.subgroupSize === undefined
      ? "this device's subgroups have no fixed size"
      : layer.accepts?.(tensors, options, gpu),
};
