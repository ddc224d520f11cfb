import type { Gpu } from "../gpu/gpu.ts";
import { anything, boolean, checkOptions, fieldsOf, object, oneOf, required } from "../options/checks.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Activation } from "./activations.ts";
import {
  type AttentionInputs,
  type AttentionShape,
  type AttentionWeights,
  attend,
  attentionInputChecks,
  attentionLayer,
  attentionShapeChecks,
  attentionWeightChecks,
  type MaskedInputs,
} from "./attention.ts";
import { activationCheck, type FeedForwardWeights, feed, feedForward, feedForwardChecks } from "./feed-forward.ts";
import { latentAttentionLayer } from "./latent-attention.ts";
import { isStep, type RmsNorm } from "./linear.ts";
import {
  isMixture,
  type MixtureShape,
  type MixtureWeights,
  mixture,
  mixtureChecks,
  mixtureWeightChecks,
} from "./mixture.ts";
import { addNorm, type Norm, norm, normCheck, type Residual, residualFields, summed } from "./norm.ts";

/** Weights of one block. */
export interface BlockWeights {
  /** Of the input of attention, or of the sum of its input and result (`norms`); unset: none (OLMo 2). */
  readonly attentionNorm?: Norm | undefined;
  readonly attention: AttentionWeights;
  /** Of the result of attention, before it is added; unset: none. */
  readonly attentionOutputNorm?: Norm | undefined;
  /** Of the input of the feed-forward layer, or of the sum of its input and result; unset: none. */
  readonly feedForwardNorm?: Norm | undefined;
  /** Dense, or experts. */
  readonly feedForward: FeedForwardWeights | MixtureWeights;
  /** Of the result of the feed-forward layer, before it is added; unset: none. */
  readonly feedForwardOutputNorm?: Norm | undefined;
  /** True where a projection has an adapter: fused kernels do not support adapters. */
  readonly adapted?: boolean | undefined;
}

/** The settings of one block. */
export interface BlockShape extends AttentionShape {
  readonly activation: Activation;
  /**
   * `pre` (default): a sublayer's input is normed (Xiong et al. 2020). `post`: the sum of its input and result is
   * normed (Vaswani et al. 2017, section 3.1; GPT-1).
   */
  readonly norms?: "pre" | "post" | undefined;
  /** How experts are chosen, where the layer has them. */
  readonly mixture?: MixtureShape | undefined;
}

const inputFields = fieldsOf(attentionInputChecks);

/** The names of the weights of both kinds of layers. */
const eitherLayer = Object.fromEntries(
  Object.keys({ ...feedForwardChecks, ...mixtureWeightChecks }).map((name) => [name, anything]),
);

const weightFields = fieldsOf<BlockWeights>({
  attentionNorm: normCheck,
  attentionOutputNorm: normCheck,
  attention: required(object(attentionWeightChecks)),
  feedForwardNorm: normCheck,
  feedForwardOutputNorm: normCheck,
  adapted: boolean,
  feedForward: required(object(eitherLayer)), // the layer says which of them is missing
});

const shapeFields = fieldsOf<BlockShape>({
  ...attentionShapeChecks,
  activation: required(activationCheck),
  norms: oneOf("pre", "post"),
  mixture: object(mixtureChecks),
});

/**
 * A transformer block: pre-norm (Xiong et al. 2020), `x + attention(norm(x))`, then `x + feedForward(norm(x))`; or with
 * norms of the results, `x + norm(attention(x))` (Liu et al. 2021, "Swin Transformer V2"; OLMo 2), or with both. Takes
 * and returns the residual stream; the last addition is left to the following norm. With `norms: "post"` it is
 * `x = norm(x + attention(x))`, then `norm(x + feedForward(x))`, a sum with nothing pending.
 */
export function transformerBlock(
  gpu: Gpu,
  name: string,
  stream: Residual,
  inputs: Omit<AttentionInputs, "x">,
  weights: BlockWeights,
  shape: BlockShape,
): Residual {
  return maskedBlock(gpu, name, stream, inputs, weights, shape);
}

/** As `transformerBlock`, optionally with another mask. */
export function maskedBlock(
  gpu: Gpu,
  name: string,
  stream: Residual,
  inputs: Omit<MaskedInputs, "x">,
  weights: BlockWeights,
  shape: BlockShape,
): Residual {
  checkOptions("transformerBlock", residualFields, stream, "stream.");
  checkOptions("transformerBlock", inputFields, inputs);
  checkOptions("transformerBlock", weightFields, weights, "weights.");
  checkOptions("transformerBlock", shapeFields, shape);
  const { activation: _, mixture: __, norms, ...attentionShape } = shape;
  const { attentionNorm, feedForwardNorm, attentionOutputNorm, feedForwardOutputNorm } = weights;
  const post = norms === "post";
  const isPreNorm =
    !post &&
    !weights.adapted &&
    attentionNorm?.kind === "rms" &&
    feedForwardNorm?.kind === "rms" &&
    !attentionOutputNorm;
  if (inputs.cache && isStep(stream) && isPreNorm && !feedForwardOutputNorm && !weights.attention.latent) {
    return stepBlock(gpu, name, stream, inputs, { ...weights, attentionNorm, feedForwardNorm }, shape);
  }
  const { dropout = (x: Tensor) => x } = inputs;
  const attention = `${name}.attention`;
  const [before, attended] = gpu.within(attention, () => {
    const { sum, y: x } = entered(gpu, stream, post ? undefined : attentionNorm);
    const attend = weights.attention.latent ? latentAttentionLayer : attentionLayer;
    const result = attend(gpu, attention, { ...inputs, x }, weights.attention, attentionShape);
    return [sum, dropout(attentionOutputNorm ? norm(gpu, result, attentionOutputNorm) : result, 0)];
  });
  const feedForward = `${name}.feed-forward`;
  const [between, update] = gpu.within(feedForward, () => {
    const middle = { sum: before, update: attended };
    const { sum, y } = entered(gpu, middle, post ? attentionNorm : feedForwardNorm, post);
    const result = feedForwardOf(gpu, feedForward, y, weights.feedForward, shape);
    return [sum, dropout(feedForwardOutputNorm ? norm(gpu, result, feedForwardOutputNorm) : result, 1)];
  });
  gpu.tap(`${name}.residual`, between);
  if (!post) return { sum: between, update };
  const sum = gpu.within(feedForward, () => entered(gpu, { sum: between, update }, feedForwardNorm).y);
  gpu.tap(`${name}.result`, sum);
  return { sum };
}

/**
 * The residual stream, and a layer's input from it: normed, or the stream itself. In `post` the stream is already
 * normed.
 */
function entered(gpu: Gpu, stream: Residual, parameters: Norm | undefined, post = false): { sum: Tensor; y: Tensor } {
  if (parameters) {
    const { sum, y } = addNorm(gpu, stream, parameters);
    return { sum: post ? y : sum, y };
  }
  const sum = summed(gpu, stream);
  return { sum, y: sum };
}

/** The block of a decode step: norms and residual additions are fused with the products next to them. */
function stepBlock(
  gpu: Gpu,
  name: string,
  stream: Residual,
  inputs: Omit<AttentionInputs, "x">,
  weights: BlockWeights & Readonly<Record<"attentionNorm" | "feedForwardNorm", RmsNorm>>,
  shape: BlockShape,
): Residual {
  const { activation, mixture: _, norms: __, ...attentionShape } = shape;
  const attention = `${name}.attention`;
  const between = gpu.within(attention, () => {
    const { sum: residual, y } = stream.update ? addNorm(gpu, stream, weights.attentionNorm) : { sum: stream.sum };
    const surroundings = { residual, ...(y ? {} : { norm: weights.attentionNorm }) };
    return attend(gpu, attention, { ...inputs, x: y ?? residual }, weights.attention, attentionShape, surroundings);
  });
  const feedForward = `${name}.feed-forward`;
  const after = gpu.within(feedForward, (): Residual => {
    const { feedForward: layer, feedForwardNorm } = weights;
    if (!isMixture(layer)) {
      const surroundings = { residual: between, norm: feedForwardNorm };
      return { sum: feed(gpu, feedForward, between, layer, activation, surroundings) };
    }
    const x = norm(gpu, between, feedForwardNorm);
    return { sum: between, update: feedForwardOf(gpu, feedForward, x, layer, shape) };
  });
  gpu.tap(`${name}.residual`, between);
  return after;
}

/** A dense layer, or a mixture of experts. */
function feedForwardOf(gpu: Gpu, name: string, x: Tensor, weights: BlockWeights["feedForward"], shape: BlockShape) {
  if (!isMixture(weights)) return feedForward(gpu, name, x, weights, shape.activation);
  if (!shape.mixture) throw new TypeError(`${name}: has weights of experts, expected a rule by which they are chosen`);
  return mixture(gpu, name, x, weights, shape.mixture);
}
