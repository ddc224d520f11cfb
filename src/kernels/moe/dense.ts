import source from "#shaders/moe/spread.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { defineKernel } from "../kernel.ts";
import { tuning } from "../tuning.ts";
import { type ExpertsVariant, expertsSizes } from "./experts-problem.ts";
import { groupedLayer } from "./grouped-layer.ts";
import { boundedProduct } from "./register-product.ts";
import { subgroupProduct } from "./subgroup-product.ts";

const layers = { registers: groupedLayer(boundedProduct), subgroups: groupedLayer(subgroupProduct) };

/** The faster of the two products on this device, of those that it supports. */
const layerFor = (gpu: Gpu) => {
  const hasSubgroups = gpu.adapter.subgroupSize !== undefined && gpu.features.has("subgroups");
  const wanted = tuning(gpu).denseProduct.find((name) => name === "registers" || hasSubgroups);
  return layers[wanted ?? "registers"];
};

const spread = defineKernel({
  name: "moe/spread",
  source,
  inputs: { experts: "[t, k]", weights: "[t, k]" },
  outputs: { all_weights: "[t, e]", all_experts: "[t, e]" },
  accepts: { experts: ["u32"] },
  dtypes: () => ({ all_experts: "u32" }),
  axes: (_axes, { count }: { readonly count: number }) => ({ e: count }),
  params: ({ t }) => ({ tokens: t }),
  specialise: ({ k }, { count }) => ({ constants: { EXPERTS: count, CHOICES: k } }),
  threads: ({ t }, { count }) => t * count,
  cost: ({ t, k }, { count }) => ({ flops: t * k * count, requestedBytes: 8 * t * count * (k + 1) }),
});

/**
 * Every expert for every token, with weight 0 where it was not chosen: e / k times the work, without sorting. The
 * baseline that shows what routing saves; it uses the fastest products.
 */
export const dense: ExpertsVariant = {
  accepts: (tensors, options, gpu) =>
    options.capacity === undefined
      ? layers.registers.accepts?.(tensors, options, gpu)
      : "it has no capacity: every expert takes every token",
  record: (gpu, tensors, options) => {
    using scope = gpu.scope();
    const { experts, weights } = tensors;
    const chosen = spread(gpu, { experts, weights }, { count: expertsSizes(tensors).e });
    const all = { ...tensors, experts: chosen.all_experts, weights: chosen.all_weights };
    return { y: scope.keep(layerFor(gpu).record(gpu, all, options).y) };
  },
};
