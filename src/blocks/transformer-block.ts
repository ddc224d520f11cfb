import type { Gpu } from "../gpu/gpu.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type AttentionInputs, type AttentionShape, type AttentionWeights, attentionLayer } from "./attention.ts";
import { type Activation, type FeedForwardWeights, feedForward } from "./feed-forward.ts";
import { latentAttentionLayer } from "./latent-attention.ts";
import { isMixture, type MixtureShape, type MixtureWeights, mixture } from "./mixture.ts";
import { addNorm, type Norm, type Residual } from "./norm.ts";

/** Weights of one block. */
export interface BlockWeights {
  readonly attentionNorm: Norm;
  readonly attention: AttentionWeights;
  readonly feedForwardNorm: Norm;
  /** Dense, or experts. */
  readonly feedForward: FeedForwardWeights | MixtureWeights;
}

/** The settings of one block. */
export interface BlockShape extends AttentionShape {
  readonly activation: Activation;
  /** How experts are chosen, where the layer has them. */
  readonly mixture?: MixtureShape | undefined;
}

/**
 * A pre-norm transformer block (Xiong et al. 2020): `x + attention(norm(x))`, then `x + feedForward(norm(x))`. Takes
 * and returns the residual stream; the last addition is left to the following norm.
 */
export function transformerBlock(
  gpu: Gpu,
  name: string,
  stream: Residual,
  inputs: Omit<AttentionInputs, "x">,
  weights: BlockWeights,
  shape: BlockShape,
): Residual {
  const before = addNorm(gpu, stream, weights.attentionNorm);
  const attend = weights.attention.latent ? latentAttentionLayer : attentionLayer;
  const attended = attend(gpu, `${name}.attention`, { ...inputs, x: before.y }, weights.attention, shape);
  const between = addNorm(gpu, { sum: before.sum, update: attended }, weights.feedForwardNorm);
  const update = feedForwardOf(gpu, `${name}.feed-forward`, between.y, weights.feedForward, shape);
  gpu.tap(`${name}.residual`, between.sum);
  return { sum: between.sum, update };
}

/** A dense layer, or a mixture of experts. */
function feedForwardOf(gpu: Gpu, name: string, x: Tensor, weights: BlockWeights["feedForward"], shape: BlockShape) {
  if (!isMixture(weights)) return feedForward(gpu, name, x, weights, shape.activation);
  if (!shape.mixture) throw new TypeError(`${name}: has weights of experts, expected a rule by which they are chosen`);
  return mixture(gpu, name, x, weights, shape.mixture);
}
