import type { Gpu } from "../gpu/gpu.ts";
import { add } from "../kernels/elementwise/elementwise.ts";
import type { GatedActivation } from "../kernels/moe/expert-weights.ts";
import { experts } from "../kernels/moe/experts.ts";
import { type RoutingRule, route } from "../kernels/moe/route.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { reshape } from "../tensor/views.ts";
import { type FeedForwardWeights, feedForward } from "./feed-forward.ts";
import { type Linear, linear } from "./linear.ts";

/** Weights of a layer of experts. */
export interface MixtureWeights {
  /** `[e, c]`, with a bias `[e]` where the model has one. */
  readonly router: Linear;
  /** Added to the scores where experts are chosen, and only there `[e]` (DeepSeek-V3). */
  readonly selectionBias?: Tensor | undefined;
  /** `[e · 2f, c]`: rows 2j and 2j + 1 of each expert are gate and up of hidden column j. */
  readonly gateUp: Tensor;
  /** `[e · 2f]` */
  readonly gateUpBias?: Tensor | undefined;
  /** `[e · c, f]` */
  readonly down: Tensor;
  /** `[e · c]` */
  readonly downBias?: Tensor | undefined;
  /** An expert that every token has beside those it chose. */
  readonly shared?: FeedForwardWeights | undefined;
}

/** What a layer of experts is, besides its weights. */
export interface MixtureShape {
  readonly rule: RoutingRule;
  readonly activation: GatedActivation;
}

/** True for the weights of a layer of experts. */
export const isMixture = (weights: FeedForwardWeights | MixtureWeights): weights is MixtureWeights =>
  "router" in weights;

/**
 * A mixture of experts in place of a feed-forward layer (Shazeer et al. 2017; Jiang et al. 2024): a router chooses k of e
 * experts for each token, whose results are added up by its weights. `x` is `[b, t, c]`. Between the router and the sum
 * nothing leaves the GPU. Taps `experts` u32 `[b · t, k]`, `weights` and, where they are counted, `counts` u32 `[e]`.
 */
export function mixture(
  gpu: Gpu,
  name: string,
  x: Tensor,
  weights: MixtureWeights,
  { rule, activation }: MixtureShape,
): Tensor {
  const [b = 0, t = 0, c = 0] = x.shape;
  const rows = reshape(x, [b * t, c]);
  const logits = linear(gpu, rows, weights.router);
  const chosen = route(gpu, { logits, bias: weights.selectionBias }, rule);
  gpu.tap(`${name}.experts`, chosen.experts);
  gpu.tap(`${name}.weights`, chosen.weights);
  const { gateUp, gateUpBias, down, downBias } = weights;
  const { y, counts } = experts(
    gpu,
    { x: rows, experts: chosen.experts, weights: chosen.weights, gateUp, gateUpBias, down, downBias },
    { activation },
  );
  if (counts) gpu.tap(`${name}.counts`, counts);
  const routed = reshape(y, [b, t, c]);
  if (!weights.shared) return routed;
  const shared = feedForward(gpu, `${name}.shared`, x, weights.shared, "silu");
  return add(gpu, { a: routed, b: shared }).y;
}
