import { boolean, fieldsOf, integer, object, oneOf } from "../../options/checks.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { tensorFields } from "../define/arguments.ts";
import { defineOp, type Variant } from "../define/op.ts";
import { fill } from "../elementwise/fill.ts";
import { align } from "./align.ts";
import { expertBiases, gatedBackward } from "./backward/gated.ts";
import { block, naiveProducts, type Products, registerProducts } from "./backward/products.ts";
import { combine } from "./combine.ts";
import type { GatedActivation } from "./expert-weights.ts";
import { type ExpertsTensors, expertsSizes, vectorsRefusal } from "./experts-problem.ts";
import { boundedProduct } from "./grouped-product.ts";

/** The tensors of a layer of experts, and the gradient of its result f32 `[t, c]`. */
export interface ExpertsBackwardTensors extends ExpertsTensors {
  readonly dy: Tensor;
}

/** Which gradients are wanted. */
type Wanted = Readonly<Record<"x" | "weights" | "gateUp" | "gateUpBias" | "down" | "downBias", boolean>>;

export interface ExpertsBackwardOptions {
  /** Default swiglu. */
  readonly activation?: GatedActivation;
  /** That of the forward pass: slots dropped there contribute to no gradient. */
  readonly capacity?: number;
  /** Default all, those of biases where there are biases. */
  readonly needs?: Partial<Wanted>;
}

/** Gradients, each of the shape of its tensor, f32; those that are not needed are absent. */
export interface ExpertsGradients {
  readonly dx?: Tensor;
  readonly dweights?: Tensor;
  readonly dgateUp?: Tensor;
  readonly dgateUpBias?: Tensor;
  readonly ddown?: Tensor;
  readonly ddownBias?: Tensor;
}

type BackwardVariant = Variant<ExpertsBackwardTensors, ExpertsBackwardOptions, ExpertsGradients>;

/** The gradient of a weight, in the weight's segments; `part` records rows `begin` to `end`. */
function inSegments(weight: Tensor, part: (rows: { readonly begin: number; readonly end: number }) => Tensor): Tensor {
  const segments = weight.segments.map(({ begin, end }) => ({ storage: part({ begin, end }).storage, begin, end }));
  return new Tensor(weight.gpu, weight.shape, "f32", segments);
}

const withProducts = (products: Products): BackwardVariant => ({
  accepts: vectorsRefusal,
  record: (gpu, { dy, ...tensors }, { activation = "swiglu", capacity, needs = {} }) => {
    const { x, experts, weights, gateUp, gateUpBias, down, downBias } = tensors;
    const { t, k, e } = expertsSizes(tensors);
    if (formatShape(dy.shape) !== formatShape(x.shape)) {
      const expected = `${formatShape(x.shape)} (from x)`;
      throw new ShapeError(`moe/experts-backward: dy is ${formatShape(dy.shape)}, expected ${expected}`);
    }
    const wants = (name: keyof Wanted) => needs[name] ?? true;
    using scope = gpu.scope();
    const plan = align(gpu, { experts }, { count: e, block, ...(capacity === undefined ? {} : { capacity }) });
    const { slots, counts, offsets, positions } = plan;
    const lists = { slots, block_experts: plan.blockExperts, grids: plan.grids };
    const ends = { slots, counts, offsets };
    const size = { count: e, slotCount: t * k };
    const pairs = boundedProduct.kernel(
      gpu,
      { x, weight: gateUp, bias: gateUpBias, ...lists },
      { ...size, choices: k },
    ).z;
    const hidden = products.rows(gpu, { x: dy, weight: down, ...lists }, { ...size, choices: k }).z;
    const biased = downBias ? { dy, bias: downBias, experts } : {};
    const { dshares } = gatedBackward(gpu, { positions, shares: weights, pairs, e: hidden, ...biased }, { activation });
    const dx = () => {
      const { z } = products.rows(gpu, { x: pairs, weight: gateUp, ...lists }, size);
      return combine(gpu, { z, positions, weights: fill(gpu, [t, k], 1) }, {}).y;
    };
    const ofRows = { ...size, choices: k };
    const dgateUp = () =>
      inSegments(gateUp, (rows) => {
        return products.weights(gpu, { a: pairs, b: x, ...ends }, { ...ofRows, ...rows, gathered: "b" }).dw;
      });
    const ddown = () =>
      inSegments(down, (rows) => {
        return products.weights(gpu, { a: dy, b: hidden, ...ends }, { ...ofRows, ...rows, gathered: "a" }).dw;
      });
    return {
      ...(wants("x") ? { dx: scope.keep(dx()) } : {}),
      ...(wants("weights") ? { dweights: scope.keep(dshares) } : {}),
      ...(wants("gateUp") ? { dgateUp: scope.keep(dgateUp()) } : {}),
      ...(gateUpBias && wants("gateUpBias")
        ? { dgateUpBias: scope.keep(expertBiases(gpu, { x: pairs, ...ends }, size).db) }
        : {}),
      ...(wants("down") ? { ddown: scope.keep(ddown()) } : {}),
      ...(downBias && wants("downBias")
        ? { ddownBias: scope.keep(expertBiases(gpu, { x: dy, ...ends, shares: weights }, ofRows).db) }
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
 * The gradients of {@link experts}. With `e = dy · down` of a slot's token and expert, and h the input of down:
 * `dweights = ⟨e, h⟩` (and ⟨dy, downBias⟩), so that no expert's result is kept; `weights · e` goes on through the gated
 * activation; `dgateUp` and `ddown` are sums of outer products over the slots of each expert, zeros for one without
 * slots; dx adds up a token's slots in their order. The results of gate and up are computed again. The order of sums
 * depends on the choices alone: the same bits every time. Needs c and f to be multiples of 4. Weights are of any of
 * `weightTypes` unless their own gradient is needed, in any number of segments, in which their gradients are too.
 * Throws `ShapeError` for shapes that do not fit.
 */
export const expertsBackward = defineOp<
  ExpertsBackwardTensors,
  ExpertsBackwardOptions,
  ExpertsGradients,
  typeof variants
>(
  { name: "moe/experts-backward", variants, order: () => ["registers"] },
  {
    tensors: tensorFields("x", "experts", "weights", "gateUp", "gateUpBias?", "down", "downBias?", "dy"),
    options: fieldsOf<ExpertsBackwardOptions>({
      activation: oneOf("swiglu", "clamped-swiglu"),
      capacity: integer(1, 2 ** 32 - 1),
      needs: object<Partial<Wanted>>({
        x: boolean,
        weights: boolean,
        gateUp: boolean,
        gateUpBias: boolean,
        down: boolean,
        downBias: boolean,
      }),
    }),
  },
);
