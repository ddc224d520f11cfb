import type { Gpu } from "../gpu/gpu.ts";
import { optionalTensor, tensorCheck } from "../kernels/define/arguments.ts";
import { add, mul } from "../kernels/elementwise/elementwise.ts";
import type { GatedActivation } from "../kernels/moe/expert-weights.ts";
import { type ExpertsResult, type ExpertsTensors, routedExperts } from "../kernels/moe/experts.ts";
import { type RoutingRule, route, ruleChecks } from "../kernels/moe/route.ts";
import { type Checks, callback, checkOptions, fieldsOf, object, oneOf, required, size } from "../options/checks.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { reshape } from "../tensor/views.ts";
import { type FeedForwardWeights, feedForward, feedForwardChecks } from "./feed-forward.ts";
import { type Linear, linear, linearChecks, projectionCheck } from "./linear.ts";

/** Computes experts in another way than `routedExperts`: with adapters of LoRA, for example. */
export type ExpertsAdapter = (
  gpu: Gpu,
  tensors: ExpertsTensors,
  options: { readonly activation: GatedActivation },
) => ExpertsResult;

/** Weights of a layer of experts. */
export interface MixtureWeights {
  /** `[e, c]`, with a bias `[e]` where the model has one. */
  readonly router: Linear;
  /** Added to the scores only when experts are chosen `[e]` (DeepSeek-V3). */
  readonly selectionBias?: Tensor | undefined;
  /** Flags that layers set when their router's logits are NaN, u32 `[layers]`, and the index of this layer. */
  readonly faults?: { readonly flags: Tensor; readonly layer: number } | undefined;
  /** `[e · 2f, c]`: rows 2j and 2j + 1 of each expert are gate and up of hidden column j. */
  readonly gateUp: Tensor;
  /** `[e · 2f]` */
  readonly gateUpBias?: Tensor | undefined;
  /** `[e · c, f]` */
  readonly down: Tensor;
  /** `[e · c]` */
  readonly downBias?: Tensor | undefined;
  /** Replaces the chosen experts' computation. */
  readonly adapter?: ExpertsAdapter | undefined;
  /** An expert that processes every token, in addition to those chosen. */
  readonly shared?: FeedForwardWeights | undefined;
  /** `[1, c]`: its result is multiplied by the sigmoid of this projection (Qwen2-MoE). */
  readonly sharedGate?: Linear | undefined;
}

/** The settings of a layer of experts. */
export interface MixtureShape {
  readonly rule: RoutingRule;
  readonly activation: GatedActivation;
}

/** Checks of the weights. */
export const mixtureWeightChecks: Checks<MixtureWeights> = {
  router: projectionCheck,
  selectionBias: optionalTensor,
  faults: object<NonNullable<MixtureWeights["faults"]>>({ flags: tensorCheck, layer: required(size) }),
  gateUp: tensorCheck,
  gateUpBias: optionalTensor,
  down: tensorCheck,
  downBias: optionalTensor,
  adapter: callback,
  shared: object(feedForwardChecks),
  sharedGate: object(linearChecks),
};

const weightFields = fieldsOf(mixtureWeightChecks);

/** Checks of the settings. */
export const mixtureChecks: Checks<MixtureShape> = {
  rule: required(object(ruleChecks)),
  activation: required(oneOf("swiglu", "clamped-swiglu")),
};

const shapeFields = fieldsOf(mixtureChecks);

/** True for the weights of a layer of experts. */
export const isMixture = (weights: FeedForwardWeights | MixtureWeights | undefined): weights is MixtureWeights =>
  weights !== undefined && "router" in weights;

const gateOfOne: RoutingRule = { k: 1, scores: "sigmoid", normalise: false };

/**
 * A mixture of experts in place of a feed-forward layer (Shazeer et al. 2017; Jiang et al. 2024): a router chooses k of
 * e experts for each token, and the result is the weighted sum of theirs. A shared expert for all tokens may be added
 * (DeepSeekMoE, Dai et al. 2024, section 3.2), with or without a gate. `x` is `[b, t, c]`. Nothing is read back between
 * the router and the sum. Taps `experts` u32 `[b, t, k]`, `weights`, `shared.weight` `[b, t, 1]` where there is a gate,
 * and where tokens are sorted by expert `counts` u32 `[1, 1, e]` and `offsets` u32 `[1, 1, e + 1]`.
 */
export function mixture(gpu: Gpu, name: string, x: Tensor, weights: MixtureWeights, shape: MixtureShape): Tensor {
  checkOptions("mixture", weightFields, weights, "weights.");
  checkOptions("mixture", shapeFields, shape);
  const { rule, activation } = shape;
  const [b = 0, t = 0, c = 0] = x.shape;
  const rows = reshape(x, [b * t, c]);
  const logits = linear(gpu, rows, weights.router);
  const { selectionBias: bias, faults } = weights;
  const chosen = route(gpu, { logits, bias, nanFlags: faults?.flags }, { ...rule, layer: faults?.layer ?? 0 });
  gpu.tap(`${name}.experts`, reshape(chosen.experts, [b, t, rule.k]));
  gpu.tap(`${name}.weights`, reshape(chosen.weights, [b, t, rule.k]));
  const { gateUp, gateUpBias, down, downBias, adapter = routedExperts } = weights;
  const { y, counts, offsets } = adapter(
    gpu,
    { x: rows, experts: chosen.experts, weights: chosen.weights, gateUp, gateUpBias, down, downBias },
    { activation },
  );
  if (counts) gpu.tap(`${name}.counts`, reshape(counts, [1, 1, -1]));
  if (offsets) gpu.tap(`${name}.offsets`, reshape(offsets, [1, 1, -1]));
  const routed = reshape(y, [b, t, c]);
  if (!weights.shared) return routed;
  let shared = feedForward(gpu, `${name}.shared`, x, weights.shared, "silu");
  if (weights.sharedGate) {
    // A router with one expert computes the sigmoid of one number.
    const gate = route(gpu, { logits: linear(gpu, rows, weights.sharedGate) }, gateOfOne);
    const weight = reshape(gate.weights, [b, t, 1]);
    gpu.tap(`${name}.shared.weight`, weight);
    shared = mul(gpu, { a: shared, b: weight }).y;
  }
  return add(gpu, { a: routed, b: shared }).y;
}
