import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf } from "../../options/checks.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape, slice } from "../../tensor/views.ts";
import { tensorFields } from "../define/arguments.ts";
import { defineOp, type Variant } from "../define/op.ts";
import { swiglu } from "../elementwise/activation.ts";
import { add, mul } from "../elementwise/elementwise.ts";
import { align } from "./align.ts";
import { combine } from "./combine.ts";
import {
  type ExpertsResult,
  type ExpertsSizes,
  type ExpertsTensors,
  expertsSizes,
  vectorsRefusal,
} from "./experts-problem.ts";
import { boundedProduct } from "./grouped-product.ts";
import { vectorProduct } from "./vector-product.ts";

/** The tensors of a layer of experts with adapters of low rank next to their gates, ups or downs. */
export interface AdaptedTensors extends Omit<ExpertsTensors, "gateUpBias" | "downBias"> {
  /** f32 `[e · r, c]`, the rows of one expert after those of another. Of a, b and scale there are all or none. */
  readonly gateA?: Tensor | undefined;
  /** f32 `[e · f, r]` */
  readonly gateB?: Tensor | undefined;
  /** f32 `[1]` */
  readonly gateScale?: Tensor | undefined;
  /** f32 `[e · r, c]` */
  readonly upA?: Tensor | undefined;
  /** f32 `[e · f, r]` */
  readonly upB?: Tensor | undefined;
  /** f32 `[1]` */
  readonly upScale?: Tensor | undefined;
  /** f32 `[e · r, f]` */
  readonly downA?: Tensor | undefined;
  /** f32 `[e · c, r]` */
  readonly downB?: Tensor | undefined;
  /** f32 `[1]` */
  readonly downScale?: Tensor | undefined;
}

/** What an expert's matrices are called. */
export const expertParts = ["gate", "up", "down"] as const;
export type ExpertPart = (typeof expertParts)[number];

/** The names of the tensors, for the checks of calls. */
export const adaptedFields = (...more: readonly string[]) =>
  tensorFields(
    ...["x", "experts", "weights", "gateUp", "down"],
    ...expertParts.flatMap((part) => [`${part}A?`, `${part}B?`, `${part}Scale?`]),
    ...more,
  );

/** The two narrow matrices of all experts' gates, ups or downs, and their factor. */
export interface LowRank {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly scale: Tensor;
}

/** The adapters of a layer by what they change. */
type Adapters = Readonly<Partial<Record<ExpertPart, LowRank>>>;

/** Reads the sizes and the adapters. Throws `ShapeError` where the tensors do not fit one another. */
export function adaptedSizes(op: string, tensors: AdaptedTensors): ExpertsSizes & { readonly adapters: Adapters } {
  const sizes = expertsSizes(tensors);
  const { c, f, e } = sizes;
  const found = expertParts.flatMap((part) => {
    const [a, b, scale] = [tensors[`${part}A`], tensors[`${part}B`], tensors[`${part}Scale`]];
    if (!a && !b && !scale) return [];
    if (!a || !b || !scale) throw new ShapeError(`${op}: ${part}A, ${part}B and ${part}Scale: expected all or none`);
    const [inputs, outputs] = part === "down" ? [f, c] : [c, f];
    const [, rank = 0] = b.shape;
    const expected = { A: [e * rank, inputs], B: [e * outputs, rank], Scale: [1] };
    for (const [name, tensor] of Object.entries({ A: a, B: b, Scale: scale })) {
      const shape = formatShape(expected[name as keyof typeof expected]);
      if (tensor.dtype === "f32" && formatShape(tensor.shape) === shape) continue;
      const is = `${part}${name} is ${tensor.dtype} ${formatShape(tensor.shape)}`;
      throw new ShapeError(`${op}: ${is}, expected f32 ${shape}: ${e} experts, rank ${rank} (from ${part}B)`);
    }
    if (rank % 4 !== 0) throw new ShapeError(`${op}: ${part}B has the rank ${rank}, expected a multiple of 4`);
    return [[part, { a, b, scale }] as const];
  });
  return { ...sizes, adapters: Object.fromEntries(found) };
}

type AdaptedVariant = Variant<AdaptedTensors, object, ExpertsResult>;

/** Products with the expert of each slot. */
interface SlotProducts {
  /** x has a row a token: rows of the result are slots. */
  readonly ofTokens: (x: Tensor, weight: Tensor) => Tensor;
  /** Rows of both are slots. */
  readonly ofSlots: (x: Tensor, weight: Tensor) => Tensor;
}

/** The results of slots, before they are weighted and added up. */
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
const maxSlots = 512;

/** Every choice of every token separately, without sorting. */
const vector: AdaptedVariant = {
  accepts: (tensors) => {
    const slots = tensors.experts.size;
    return slots > maxSlots ? `${slots} choices, it takes ${maxSlots}` : vectorsRefusal(tensors);
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
 * {@link experts} with SwiGLU, whose matrices have adapters of low rank (Hu et al. 2021): W + scale · B · A, where A
 * and B are the expert's own. An adapter of grouped products is two grouped products, over the same table of slots: the
 * rank is the width between them. The weights stay as they are stored. Needs c, f and the rank to be multiples of 4.
 * Throws `ShapeError` for shapes that do not fit.
 */
export const adaptedExperts = defineOp<AdaptedTensors, object, ExpertsResult, typeof variants>(
  {
    name: "moe/adapted-experts",
    variants,
    order: ({ x }) => ((x.shape[0] ?? 0) <= 8 ? ["vector", "bounded"] : ["bounded"]),
  },
  { tensors: adaptedFields(), options: fieldsOf<object>({}) },
);
