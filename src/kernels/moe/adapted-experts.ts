import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape, slice } from "../../tensor/views.ts";
import { swiglu } from "../elementwise/activation.ts";
import { add, mul } from "../elementwise/elementwise.ts";
import { defineOp, type Variant } from "../op.ts";
import { type AdaptedTensors, adaptedFields, adaptedSizes, type LowRank } from "./adapted-problem.ts";
import { align } from "./align.ts";
import { combine } from "./combine.ts";
import { type ExpertsResult, vectorsRefusal } from "./experts-problem.ts";
import { boundedProduct } from "./register-product.ts";
import { vectorProduct } from "./vector-product.ts";

type AdaptedVariant = Variant<AdaptedTensors, object, ExpertsResult>;

/** Products with the expert of each slot. */
interface SlotProducts {
  /** x has a row a token: rows of the result are slots. */
  readonly ofTokens: (x: Tensor, weight: Tensor) => Tensor;
  /** Rows of both are slots. */
  readonly ofSlots: (x: Tensor, weight: Tensor) => Tensor;
}

/** The results of slots, before they are weighed and added up. */
function layer(gpu: Gpu, tensors: AdaptedTensors, { ofTokens, ofSlots }: SlotProducts): Tensor {
  const { x, gateUp, down } = tensors;
  const { f, adapters } = adaptedSizes("moe/adapted-experts", tensors);
  const scaled = (narrow: Tensor, { scale }: LowRank) => mul(gpu, { a: narrow, b: scale }).y;
  const pairs = reshape(ofTokens(x, gateUp), [-1, f, 2]);
  const half = (index: number, adapter: LowRank | undefined) => {
    const own = slice(pairs, 2, index, index + 1);
    if (!adapter) return own;
    const change = ofSlots(scaled(ofTokens(x, adapter.a), adapter), adapter.b);
    return add(gpu, { a: own, b: reshape(change, [-1, f, 1]) }).y;
  };
  const { y } = swiglu(gpu, { gate: half(0, adapters.gate), up: half(1, adapters.up) });
  const hidden = reshape(y, [-1, f]);
  const z = ofSlots(hidden, down);
  const adapter = adapters.down;
  if (!adapter) return z;
  return add(gpu, { a: z, b: ofSlots(scaled(ofSlots(hidden, adapter.a), adapter), adapter.b) }).y;
}

/** Choices sorted by expert, and all products over the same blocks. */
const bounded: AdaptedVariant = {
  accepts: vectorsRefusal,
  record: (gpu, tensors) => {
    const { experts, weights } = tensors;
    const { t, k, e } = adaptedSizes("moe/adapted-experts", tensors);
    using scope = gpu.scope();
    const plan = align(gpu, { experts }, { count: e, block: boundedProduct.block });
    const lists = { slots: plan.slots, block_experts: plan.blockExperts, grids: plan.grids };
    const size = { count: e, slotCount: t * k };
    const z = layer(gpu, tensors, {
      ofTokens: (x, weight) => boundedProduct.kernel(gpu, { x, weight, ...lists }, { ...size, choices: k }).z,
      ofSlots: (x, weight) => boundedProduct.kernel(gpu, { x, weight, ...lists }, size).z,
    });
    const { y } = combine(gpu, { z, positions: plan.positions, weights }, {});
    return { y: scope.keep(y), counts: scope.keep(plan.counts), offsets: scope.keep(plan.offsets) };
  },
};

/** Maximum number of slots: each reads its expert's weights separately. */
const mostSlots = 512;

/** Every choice of every token separately, without sorting. */
const vector: AdaptedVariant = {
  accepts: (tensors) => {
    const slots = tensors.experts.size;
    return slots > mostSlots ? `${slots} choices, it takes ${mostSlots}` : vectorsRefusal(tensors);
  },
  record: (gpu, tensors) => {
    const { experts, weights } = tensors;
    const { e: count } = adaptedSizes("moe/adapted-experts", tensors);
    using scope = gpu.scope();
    const z = layer(gpu, tensors, {
      ofTokens: (x, weight) => vectorProduct(gpu, { x, weight, experts }, { count, slots: "gathered" }).z,
      ofSlots: (x, weight) => vectorProduct(gpu, { x, weight, experts }, { count, slots: "apart" }).z,
    });
    return { y: scope.keep(combine(gpu, { z, experts, weights }, { count }).y) };
  },
};

const variants = { bounded, vector } as const;

/**
 * {@link experts} with SwiGLU, whose matrices have adapters of low rank (Hu et al. 2021): W + scale · B · A, A and B being
 * those of the same expert. An adapter of grouped products is two grouped products, over the same table of slots: the rank
 * is the width between them. The weights stay as they are stored. Needs c, f and the rank to be multiples of 4. Throws
 * `ShapeError` for shapes that do not fit.
 */
export const adaptedExperts = defineOp<AdaptedTensors, object, ExpertsResult, typeof variants>(
  {
    name: "moe/adapted-experts",
    variants,
    order: ({ x }) => ((x.shape[0] ?? 0) <= 8 ? ["vector", "bounded"] : ["bounded"]),
  },
  { tensors: adaptedFields(), options: fieldsOf<object>({}) },
);
