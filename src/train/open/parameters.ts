import type { LatentProjections } from "../../blocks/attention.ts";
import type { FeedForwardWeights } from "../../blocks/feed-forward.ts";
import type { Linear } from "../../blocks/linear.ts";
import type { MixtureWeights } from "../../blocks/mixture.ts";
import type { Norm } from "../../blocks/norm.ts";
import type { LayerWeights } from "../../blocks/transformer-block.ts";
import type {
  FeedForwardSources,
  LatentSources,
  LayerSources,
  MixtureSources,
  StackedSource,
  WeightSource,
} from "../../models/decoders/family.ts";
import type { Checkpoint } from "../../models/weights/checkpoint.ts";
import type { DecoderWeights } from "../../models/weights/weights.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { GradientError } from "../gradients/rule.ts";

// Collects the parameters of all kinds of models: sources in a checkpoint, each with its tensor.

/** A trained tensor of a model, and its location in a checkpoint. */
export interface Parameter {
  /** The checkpoint's name, with the rows if it contains several: `h.0.attn.c_attn.weight[0:768]`. */
  readonly name: string;
  /** Its location; for a matrix in pieces, that of the first. */
  readonly source: WeightSource;
  /** The pieces of a matrix stored in pieces, such as the experts of a mixture. */
  readonly stack?: StackedSource;
  readonly tensor: Tensor;
  /** False for tensors without a gradient, changed by a separate rule: the bias by which experts are chosen. */
  readonly differentiable?: boolean;
}

/** A source with its tensor; a missing part has neither. */
export type Found = readonly [
  source: WeightSource | StackedSource | undefined,
  tensor: Tensor | undefined,
  differentiable?: boolean,
];

/** A norm. */
export const ofNorm = (weight?: WeightSource, bias?: WeightSource, norm?: Norm): Found[] => [
  [weight, norm?.weight],
  [bias, norm && "bias" in norm ? norm.bias : undefined],
];

/** A projection. */
export const ofLinear = (weight?: WeightSource, bias?: WeightSource, linear?: Linear): Found[] => [
  [weight, linear?.weight],
  [bias, linear?.bias],
];

const ofFeedForward = (sources: FeedForwardSources, weights: FeedForwardWeights): Found[] =>
  (["gate", "up", "down"] as const).flatMap((name) => ofLinear(sources[name], sources[`${name}Bias`], weights[name]));

const ofLatent = (sources?: LatentSources, latent?: LatentProjections): Found[] => [
  ...ofLinear(sources?.queryDown, sources?.queryDownBias, latent?.query?.down),
  ...ofNorm(sources?.queryNorm, undefined, latent?.query?.norm),
  ...ofNorm(sources?.norm, undefined, latent?.norm),
];

const ofMixture = (sources: MixtureSources, weights: MixtureWeights): Found[] => [
  ...ofLinear(sources.router, sources.routerBias, weights.router),
  [sources.selectionBias, weights.selectionBias, false],
  [sources.gateUp, weights.gateUp],
  [sources.gateUpBias, weights.gateUpBias],
  [sources.down, weights.down],
  [sources.downBias, weights.downBias],
  ...(sources.shared ? ofFeedForward(sources.shared, weights.shared as FeedForwardWeights) : []),
  ...ofLinear(sources.sharedGate, undefined, weights.sharedGate),
];

/** A layer in the order of its parts; `between` are the parts between attention and the feed-forward layer. */
export function ofLayer(
  sources: LayerSources,
  { attention, feedForward, ...norms }: LayerWeights,
  between: readonly Found[] = [],
): Found[] {
  const fed = sources.feedForward;
  return [
    ...ofNorm(sources.attentionNorm, sources.attentionNormBias, norms.attentionNorm),
    ...ofLinear(sources.q, sources.qBias, attention?.q),
    ...ofLinear(sources.k, sources.kBias, attention?.k),
    ...ofLinear(sources.v, sources.vBias, attention?.v),
    ...ofLinear(sources.output, sources.outputBias, attention?.output),
    ...ofNorm(sources.qNorm, undefined, attention?.qNorm),
    ...ofNorm(sources.kNorm, undefined, attention?.kNorm),
    [sources.sinks, attention?.sinks],
    ...ofLatent(sources.latent, attention?.latent),
    ...ofNorm(sources.attentionOutputNorm, undefined, norms.attentionOutputNorm),
    ...between,
    ...ofNorm(sources.feedForwardNorm, sources.feedForwardNormBias, norms.feedForwardNorm),
    ...(fed && "router" in fed ? ofMixture(fed, feedForward as MixtureWeights) : []),
    ...(fed && "up" in fed ? ofFeedForward(fed, feedForward as FeedForwardWeights) : []),
    ...ofNorm(sources.feedForwardOutputNorm, undefined, norms.feedForwardOutputNorm),
  ];
}

/**
 * The parameters of these sources, each tensor once: two heads may share one.
 *
 * @throws GradientError for a source whose tensor is not on the device.
 */
export function parametersIn(found: readonly Found[]): Parameter[] {
  const parameters: Parameter[] = [];
  const known = new Map<string, Tensor>();
  for (const [source, tensor, differentiable = true] of found) {
    if (!source) continue;
    const name = nameOf(source);
    if (!tensor) throw new GradientError(`parameters: ${name} has no tensor on the device`);
    if (known.get(name) === tensor) continue;
    known.set(name, tensor);
    const others = differentiable ? {} : { differentiable };
    if (!("parts" in source)) parameters.push({ name, source, tensor, ...others });
    else if (source.parts[0]?.[0])
      parameters.push({ name, source: source.parts[0][0], stack: source, tensor, ...others });
  }
  return parameters;
}

function nameOf(source: WeightSource | StackedSource): string {
  if ("parts" in source) return source.label;
  return source.rows ? `${source.name}[${source.rows[0]}:${source.rows[1]}]` : source.name;
}

/**
 * The parameters of a decoder in the order of its layers, each tensor of the checkpoint once: a tied head is no
 * separate parameter. All experts of a layer are one parameter for gates and ups, named `label` of their source, and
 * one for downs.
 *
 * @throws GradientError for a layer with a state.
 */
export function parametersOf({ outer, layers }: Checkpoint, weights: DecoderWeights): Parameter[] {
  const carrying = layers.findIndex(({ state }) => state);
  if (carrying >= 0) {
    throw new GradientError(
      `parameters: layer ${carrying} carries a state, and only its layers train, not models of them`,
    );
  }
  const found: Found[] = [
    [outer.embedding, weights.embedding],
    [outer.positions, weights.positions],
    ...layers.flatMap((layer, i) => ofLayer(layer, weights.blocks[i] as LayerWeights)),
    ...ofNorm(outer.norm, outer.normBias, weights.norm),
    ...ofLinear(outer.head, undefined, outer.head ? weights.head : undefined),
  ];
  return parametersIn(found);
}
