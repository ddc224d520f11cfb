import type { Gpu } from "../gpu/gpu.ts";
import { maskCheck } from "../kernels/attention/masks/mask.ts";
import { scoreCheck } from "../kernels/attention/scores/score.ts";
import { tensorCheck } from "../kernels/define/arguments.ts";
import { add } from "../kernels/elementwise/elementwise.ts";
import type { RaggedLayout } from "../kernels/kv-cache/layouts/ragged.ts";
import { layoutCheck } from "../kernels/kv-cache/layouts.ts";
import { type RopeLayout, rope, ropeLayoutCheck } from "../kernels/rope/rope.ts";
import { checkOptions, fieldsOf, finite, integer, object, oneOf, required } from "../options/checks.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { reshape, slice, transpose } from "../tensor/views.ts";
import { type AttentionWeights, tapProjections } from "./attention.ts";
import { type EncoderMask, type EncoderScore, encoderAttention } from "./encoder-attention.ts";
import {
  type FeedForwardWeights,
  feedForwardChecks,
  type StackActivation,
  stackActivationCheck,
  stackFeed,
} from "./feed-forward.ts";
import { type LayerTraining, layerTrainingCheck } from "./layer-training.ts";
import { linear, linearChecks, projectionCheck } from "./linear.ts";
import { addNorm, type Norm, normCheck, type Residual, residualFields, summed } from "./norm.ts";

export type { EncoderMask, EncoderScore } from "./encoder-attention.ts";

/** Which tokens see which, and their positions. */
export interface EncoderInputs {
  /**
   * `contiguous` (default) for batch rows of one length, or `ragged` for texts of unequal length one after the other in
   * one row: each then sees only its own tokens.
   */
  readonly layout?: "contiguous" | RaggedLayout | undefined;
  /** `full` (default), `local`, or `key-padding` for padded batch rows. */
  readonly mask?: EncoderMask | undefined;
  /** A bias by distance that is added to the scaled dot products (MPNet); default none. */
  readonly score?: EncoderScore | undefined;
  /** Rotary positions: cosines and sines `[positions, pairs, 2]`, and each token's position, u32 `[b, t]`. */
  readonly rotation?: { readonly table: Tensor; readonly positions: Tensor; readonly layout: RopeLayout } | undefined;
  /** Changes for training: the parts of a layer are attention (0) and the feed-forward layer (1). */
  readonly training?: LayerTraining | undefined;
}

/** Weights of one layer of an encoder. */
export interface EncoderBlockWeights {
  /** Unset: attention takes the stream itself (ModernBERT's first layer). */
  readonly attentionNorm?: Norm | undefined;
  readonly attention: Pick<AttentionWeights, "q" | "k" | "v" | "qkv" | "output">;
  readonly feedForwardNorm: Norm;
  readonly feedForward: FeedForwardWeights;
}

/** The settings of one layer of an encoder. */
export interface EncoderBlockShape {
  readonly heads: number;
  readonly headWidth: number;
  /** relu has no gated form. */
  readonly activation: StackActivation;
  /**
   * `post`: the sum of the stream and a sublayer's result is normed (Vaswani et al. 2017, section 3.1; BERT). `pre`: a
   * sublayer's input is normed (Xiong et al. 2020; ModernBERT).
   */
  readonly norms: "post" | "pre";
  /** Factor of the scores; default `1/√headWidth`. */
  readonly scale?: number | undefined;
}

const atLeastOne = integer(1, 2 ** 30);
const inputFields = fieldsOf<EncoderInputs>({
  layout: layoutCheck,
  mask: maskCheck, // its record checks the rest
  score: scoreCheck,
  rotation: object<NonNullable<EncoderInputs["rotation"]>>({
    table: tensorCheck,
    positions: tensorCheck,
    layout: required(ropeLayoutCheck),
  }),
  training: layerTrainingCheck,
});
const weightFields = fieldsOf<EncoderBlockWeights>({
  attentionNorm: normCheck,
  attention: required(
    object<EncoderBlockWeights["attention"]>({
      q: projectionCheck,
      k: projectionCheck,
      v: projectionCheck,
      qkv: object(linearChecks),
      output: projectionCheck,
    }),
  ),
  feedForwardNorm: required(normCheck),
  feedForward: required(object(feedForwardChecks)),
});
const shapeFields = fieldsOf<EncoderBlockShape>({
  heads: required(atLeastOne),
  headWidth: required(atLeastOne),
  activation: required(stackActivationCheck),
  norms: required(oneOf("post", "pre")),
  scale: finite,
});

/**
 * One layer of an encoder: attention in both directions, then a feed-forward layer, each added to the residual stream
 * `[b, t, c]`. With norms after the additions, it returns a sum without an update; with norms before, the last addition
 * is left to the next norm.
 *
 * @throws OptionError for unknown settings, ShapeError for tensors that do not fit.
 */
export function encoderBlock(
  gpu: Gpu,
  name: string,
  stream: Residual,
  inputs: EncoderInputs,
  weights: EncoderBlockWeights,
  shape: EncoderBlockShape,
): Residual {
  checkOptions("encoderBlock", residualFields, stream, "stream.");
  checkOptions("encoderBlock", inputFields, inputs);
  checkOptions("encoderBlock", weightFields, weights, "weights.");
  checkOptions("encoderBlock", shapeFields, shape);
  const { attentionNorm, feedForwardNorm } = weights;
  const { dropout = (x: Tensor) => x } = inputs.training ?? {};
  const attended = (x: Tensor) => dropout(attend(gpu, `${name}.attention`, x, inputs, weights.attention, shape), 0);
  const fed = (x: Tensor) =>
    dropout(stackFeed(gpu, `${name}.feed-forward`, x, weights.feedForward, shape.activation), 1);
  if (shape.norms === "post") {
    const x = summed(gpu, stream);
    const between = gpu.within(`${name}.attention`, () => {
      const update = attended(x);
      if (!attentionNorm) return add(gpu, { a: x, b: update }).y;
      return addNorm(gpu, { sum: x, update }, attentionNorm).y;
    });
    gpu.tap(`${name}.residual`, between);
    return gpu.within(`${name}.feed-forward`, () => ({
      sum: addNorm(gpu, { sum: between, update: fed(between) }, feedForwardNorm).y,
    }));
  }
  const [before, pending] = gpu.within(`${name}.attention`, () => {
    const { sum, y } = attentionNorm ? addNorm(gpu, stream, attentionNorm) : unnormed(gpu, stream);
    return [sum, attended(y)];
  });
  return gpu.within(`${name}.feed-forward`, () => {
    const { sum, y } = addNorm(gpu, { sum: before, update: pending }, feedForwardNorm);
    gpu.tap(`${name}.residual`, sum);
    return { sum, update: fed(y) };
  });
}

function unnormed(gpu: Gpu, stream: Residual): { sum: Tensor; y: Tensor } {
  const sum = summed(gpu, stream);
  return { sum, y: sum };
}

/** Attention of tokens `x` `[b, t, c]` over one another, without a cache. */
function attend(
  gpu: Gpu,
  name: string,
  x: Tensor,
  { layout, mask, score, rotation, training }: EncoderInputs,
  weights: EncoderBlockWeights["attention"],
  { heads, headWidth, scale }: EncoderBlockShape,
): Tensor {
  const [b = 1, t = 1] = x.shape;
  const split = ([q, k, v]: readonly [Tensor, Tensor, Tensor]) =>
    [q, k, v].map((one) => reshape(one, [b, t, heads, headWidth])) as [Tensor, Tensor, Tensor];
  let [q, k, v] = weights.qkv
    ? thirds(reshape(linear(gpu, x, weights.qkv), [b, t, 3 * heads, headWidth]), heads)
    : split([linear(gpu, x, weights.q), linear(gpu, x, weights.k), linear(gpu, x, weights.v)]);
  if (rotation) {
    const { table, positions, layout } = rotation;
    [q, k] = [q, k].map((one) => rope(gpu, { x: one, table, positions }, { layout }).y) as [Tensor, Tensor];
  }
  tapProjections(gpu, name, { q, k, v });
  const [queries, keys, values] = [q, k, v].map((one) => transpose(one, [0, 2, 1, 3])) as [Tensor, Tensor, Tensor];
  const scaling = scale ?? 1 / Math.sqrt(headWidth);
  const trained = training && { dropout: training.weightDropout?.(0) };
  const sight = { layout, mask, score, training: trained };
  const out = encoderAttention(gpu, { q: queries, k: keys, v: values }, sight, scaling);
  const joined = reshape(transpose(out, [0, 2, 1, 3]), [b, t, heads * headWidth]);
  gpu.tap(`${name}.out`, joined);
  return linear(gpu, joined, weights.output);
}

/** Queries, keys and values that one projection computed, as views `[b, t, heads, d]`. */
function thirds(all: Tensor, heads: number): [Tensor, Tensor, Tensor] {
  const third = (i: number) => slice(all, 2, i * heads, (i + 1) * heads);
  return [third(0), third(1), third(2)];
}
