import { boolean, fieldsOf, object } from "../../options/checks.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape, slice } from "../../tensor/views.ts";
import { defineOp, type Variant } from "../define/op.ts";
import { add, mul } from "../elementwise/elementwise.ts";
import { fill } from "../elementwise/fill.ts";
import { concat } from "../layout/concat.ts";
import { contiguous } from "../layout/contiguous.ts";
import { type AdaptedTensors, adaptedFields, adaptedSizes, type LowRank } from "./adapted-experts.ts";
import { align } from "./align.ts";
import { gatedBackward } from "./backward/gated.ts";
import { block, naiveProducts, type Products, registerProducts } from "./backward/products.ts";
import { combine } from "./combine.ts";
import { vectorsRefusal } from "./experts-problem.ts";
import { boundedProduct } from "./grouped-product.ts";

/** The tensors of the layer, and the gradient of its result f32 `[t, c]`. */
interface AdaptedBackwardTensors extends AdaptedTensors {
  readonly dy: Tensor;
}

export interface AdaptedBackwardOptions {
  /** Which gradients are wanted other than those of adapters; default all. */
  readonly needs?: { readonly x?: boolean; readonly weights?: boolean };
}

/** Gradients, each of the shape of its tensor, f32; those of adapters that do not exist are absent. */
interface AdaptedGradients {
  readonly dx?: Tensor;
  readonly dweights?: Tensor;
  readonly dgateA?: Tensor;
  readonly dgateB?: Tensor;
  readonly dupA?: Tensor;
  readonly dupB?: Tensor;
  readonly ddownA?: Tensor;
  readonly ddownB?: Tensor;
}

type BackwardVariant = Variant<AdaptedBackwardTensors, AdaptedBackwardOptions, AdaptedGradients>;

const withProducts = (products: Products): BackwardVariant => ({
  accepts: vectorsRefusal,
  record: (gpu, { dy, ...tensors }, { needs = {} }) => {
    const { x, experts, weights, gateUp, down } = tensors;
    const { t, k, e, f, adapters } = adaptedSizes("moe/adapted-experts-backward", tensors);
    if (formatShape(dy.shape) !== formatShape(x.shape)) {
      const expected = `${formatShape(x.shape)} (from x)`;
      throw new ShapeError(`moe/adapted-experts-backward: dy is ${formatShape(dy.shape)}, expected ${expected}`);
    }
    using scope = gpu.scope();
    const plan = align(gpu, { experts }, { count: e, block });
    const { slots, counts, offsets, positions } = plan;
    const lists = { slots, block_experts: plan.blockExperts, grids: plan.grids };
    const ends = { slots, counts, offsets };
    const size = { count: e, slotCount: t * k };
    const tokens = { ...size, choices: k };
    const plus = (a: Tensor, b: Tensor | undefined) => (b ? add(gpu, { a, b }).y : a);
    const scaled = (a: Tensor, { scale }: LowRank) => mul(gpu, { a, b: scale }).y;
    const forward = (x: Tensor, weight: Tensor, of: typeof tokens | typeof size) =>
      boundedProduct.kernel(gpu, { x, weight, ...lists }, of).z;
    const back = (x: Tensor, weight: Tensor, of: typeof tokens | typeof size) =>
      products.rows(gpu, { x, weight, ...lists }, of).z;
    const outer = (a: Tensor, b: Tensor, gathered?: "a" | "b") =>
      scope.keep(products.weights(gpu, { a, b, ...ends }, { ...tokens, ...(gathered ? { gathered } : {}) }).dw);

    // The results of gate and up, with their adapters.
    const narrow = (adapter: LowRank | undefined) => adapter && scaled(forward(x, adapter.a, tokens), adapter);
    const [gateNarrow, upNarrow] = [narrow(adapters.gate), narrow(adapters.up)];
    const stored = reshape(forward(x, gateUp, tokens), [-1, f, 2]);
    const half = (index: number, adapter: LowRank | undefined, from: Tensor | undefined) => {
      const own = slice(stored, 2, index, index + 1);
      return plus(own, adapter && from && reshape(forward(from, adapter.b, size), [-1, f, 1]));
    };
    const pairs =
      gateNarrow || upNarrow
        ? concat(gpu, [half(0, adapters.gate, gateNarrow), half(1, adapters.up, upNarrow)], 2)
        : stored;
    const dpairs = reshape(pairs, [-1, 2 * f]);

    // In place: the gradients of the pairs, and of hidden values; then these values times their shares.
    const downNarrow = adapters.down && scaled(back(dy, adapters.down.b, tokens), adapters.down);
    const change = adapters.down && downNarrow && back(downNarrow, adapters.down.a, size);
    const hidden = plus(back(dy, down, tokens), change);
    const { dshares } = gatedBackward(
      gpu,
      { positions, shares: weights, pairs: dpairs, e: hidden },
      { activation: "swiglu" },
    );

    let z = back(dpairs, gateUp, size);
    const ofHalf = (index: number, adapter: LowRank | undefined, from: Tensor | undefined) => {
      if (!adapter || !from) return {};
      const { y } = contiguous(gpu, { x: slice(reshape(dpairs, [-1, f, 2]), 2, index, index + 1) });
      const own = reshape(y, [-1, f]);
      const dnarrow = scaled(back(own, adapter.b, size), adapter);
      z = plus(z, back(dnarrow, adapter.a, size));
      return { a: outer(dnarrow, x, "b"), b: outer(own, from) };
    };
    const [gate, up] = [ofHalf(0, adapters.gate, gateNarrow), ofHalf(1, adapters.up, upNarrow)];
    const ones = () => fill(gpu, [t, k], 1);
    return {
      ...(needs.x === false ? {} : { dx: scope.keep(combine(gpu, { z, positions, weights: ones() }, {}).y) }),
      ...(needs.weights === false ? {} : { dweights: scope.keep(dshares) }),
      ...(gate.a ? { dgateA: gate.a, dgateB: gate.b } : {}),
      ...(up.a ? { dupA: up.a, dupB: up.b } : {}),
      ...(adapters.down && downNarrow
        ? {
            ddownA: outer(downNarrow, hidden),
            ddownB: outer(dy, scaled(forward(hidden, adapters.down.a, size), adapters.down), "a"),
          }
        : {}),
    };
  },
});

/** A thread for each output of a product. */
const naive = withProducts(naiveProducts);

/** Products in register tiles. */
const registers = withProducts(registerProducts);

const variants = { naive, registers } as const;

/**
 * The gradients of {@link adaptedExperts}, except those of the weights that the adapters belong to. With u = scale ·
 * Bᵀ · dy of a slot's token and expert, h the input of down and s the share of the slot: `dA = Σ u ⊗ s · h` and `dB = Σ
 * dy ⊗ scale · A · s · h` of down, over the slots of each expert; of gate and up the same with their gradients and x.
 * Zeros for an expert without slots. The order of sums depends on the choices alone: the same bits every time. Needs c,
 * f and the rank to be multiples of 4. Throws `ShapeError` for shapes that do not fit.
 */
export const adaptedExpertsBackward = defineOp<
  AdaptedBackwardTensors,
  AdaptedBackwardOptions,
  AdaptedGradients,
  typeof variants
>(
  { name: "moe/adapted-experts-backward", variants, order: () => ["registers"] },
  {
    tensors: adaptedFields("dy"),
    options: fieldsOf<AdaptedBackwardOptions>({ needs: object({ x: boolean, weights: boolean }) }),
  },
);
