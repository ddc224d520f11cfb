import type { Gpu } from "../gpu/gpu.ts";
import { optionalTensor, tensorCheck } from "../kernels/define/arguments.ts";
import { add } from "../kernels/elementwise/elementwise.ts";
import { anything, boolean, callback, checkOptions, fieldsOf, object, oneOf, required } from "../options/checks.ts";
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
import type { LayerState, StateLayer } from "./state/parts.ts";

/** What a block is given with the residual stream. */
interface BlockInputs extends MaskedInputs {
  /** What its layer with a state has seen, which becomes that after the last token; unset: nothing, nor is it kept. */
  readonly state?: LayerState | undefined;
}

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
  /** True where a projection has an adapter or a scale, which fused kernels do not support. */
  readonly adapted?: boolean | undefined;
}

/** As `BlockWeights`, of a block that may have other parts. */
export interface LayerWeights extends Omit<BlockWeights, "attention" | "feedForward"> {
  /** Unset: the block has another layer in its place. */
  readonly attention?: AttentionWeights | undefined;
  /** A layer with a state, in the place of attention, or next to it: their results are added. */
  readonly state?: StateLayer | undefined;
  /** Unset: the block is its first layer alone (Mamba-2). */
  readonly feedForward?: BlockWeights["feedForward"] | undefined;
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

const inputFields = fieldsOf<Omit<BlockInputs, "x">>({
  ...attentionInputChecks,
  state: object<LayerState>({ convolution: tensorCheck, recurrence: optionalTensor }),
});

/** The names of the weights of both kinds of layers. */
const eitherLayer = Object.fromEntries(
  Object.keys({ ...feedForwardChecks, ...mixtureWeightChecks }).map((name) => [name, anything]),
);

const weightFields = fieldsOf<LayerWeights>({
  attentionNorm: normCheck,
  attentionOutputNorm: normCheck,
  attention: object(attentionWeightChecks),
  state: object<StateLayer>({ weights: required(anything), run: required(callback) }), // the layer checks its weights
  feedForwardNorm: normCheck,
  feedForwardOutputNorm: normCheck,
  adapted: boolean,
  feedForward: object(eitherLayer), // the layer says which of them is missing
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
  inputs: Omit<AttentionInputs & Pick<BlockInputs, "state">, "x">,
  weights: LayerWeights,
  shape: BlockShape,
): Residual {
  return maskedBlock(gpu, name, stream, inputs, weights, shape);
}

/** As `transformerBlock`, optionally with another mask. */
export function maskedBlock(
  gpu: Gpu,
  name: string,
  stream: Residual,
  inputs: Omit<BlockInputs, "x">,
  weights: LayerWeights,
  shape: BlockShape,
): Residual {
  checkOptions("transformerBlock", residualFields, stream, "stream.");
  checkOptions("transformerBlock", inputFields, inputs);
  checkOptions("transformerBlock", weightFields, weights, "weights.");
  checkOptions("transformerBlock", shapeFields, shape);
  const { activation: _, mixture: __, norms, ...attentionShape } = shape;
  const {
    attentionNorm,
    feedForwardNorm,
    attentionOutputNorm,
    feedForwardOutputNorm,
    attention: ofAttention,
  } = weights;
  const { state: held, ...attentionInputs } = inputs;
  const post = norms === "post";
  const isPreNorm =
    !post &&
    !weights.adapted &&
    attentionNorm?.kind === "rms" &&
    feedForwardNorm?.kind === "rms" &&
    !attentionOutputNorm &&
    !feedForwardOutputNorm;
  const isPlain = ofAttention && !ofAttention.latent && !shape.gated && !weights.state;
  if (inputs.cache && isStep(stream) && isPreNorm && isPlain && weights.feedForward) {
    const { feedForward } = weights;
    const parts = { attentionNorm, attention: ofAttention, feedForwardNorm, feedForward };
    return stepBlock(gpu, name, stream, attentionInputs, parts, shape);
  }
  const { dropout = (x: Tensor) => x } = inputs;
  const attention = `${name}.attention`;
  const [before, attended] = gpu.within(attention, () => {
    const { sum, y: x } = entered(gpu, stream, post ? undefined : attentionNorm);
    const attend = ofAttention?.latent ? latentAttentionLayer : attentionLayer;
    const seen = ofAttention && attend(gpu, attention, { ...attentionInputs, x }, ofAttention, attentionShape);
    const carried = weights.state && carry(gpu, x, weights.state, held);
    const result = seen && carried ? add(gpu, { a: seen, b: carried }).y : (seen ?? carried);
    if (!result) throw new TypeError(`${name}: has neither attention nor a layer with a state, expected one of them`);
    return [sum, dropout(attentionOutputNorm ? norm(gpu, result, attentionOutputNorm) : result, 0)];
  });
  const { feedForward: fed } = weights;
  if (!fed) {
    gpu.tap(`${name}.residual`, before);
    return { sum: before, update: attended };
  }
  const feedForward = `${name}.feed-forward`;
  const [between, update] = gpu.within(feedForward, () => {
    const middle = { sum: before, update: attended };
    const { sum, y } = entered(gpu, middle, post ? attentionNorm : feedForwardNorm, post);
    const result = feedForwardOf(gpu, feedForward, y, fed, shape);
    return [sum, dropout(feedForwardOutputNorm ? norm(gpu, result, feedForwardOutputNorm) : result, 1)];
  });
  gpu.tap(`${name}.residual`, between);
  if (!post) return { sum: between, update };
  const sum = gpu.within(feedForward, () => entered(gpu, { sum: between, update }, feedForwardNorm).y);
  gpu.tap(`${name}.result`, sum);
  return { sum };
}

/** With what it has seen, the tokens go on from that, which becomes that after the last of them; without, from nothing. */
function carry(gpu: Gpu, x: Tensor, { weights, run }: StateLayer, state: LayerState | undefined): Tensor {
  return run(gpu, { x, weights, ...(state ? { state, inPlace: true } : {}) }).y;
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
  weights: Readonly<Record<"attentionNorm" | "feedForwardNorm", RmsNorm>> &
    Readonly<{ attention: AttentionWeights; feedForward: FeedForwardWeights | MixtureWeights }>,
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
function feedForwardOf(
  gpu: Gpu,
  name: string,
  x: Tensor,
  weights: FeedForwardWeights | MixtureWeights,
  shape: BlockShape,
) {
  if (!isMixture(weights)) return feedForward(gpu, name, x, weights, shape.activation);
  if (!shape.mixture) throw new TypeError(`${name}: has weights of experts, expected a rule by which they are chosen`);
  return mixture(gpu, name, x, weights, shape.mixture);
}
