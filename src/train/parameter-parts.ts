// What the parameters of every kind of model are gathered from: sources in a checkpoint, each with its tensor.
import type { LatentProjections } from "../blocks/attention.ts";
import type { FeedForwardWeights } from "../blocks/feed-forward.ts";
import type { Linear } from "../blocks/linear.ts";
import type { MixtureWeights } from "../blocks/mixture.ts";
import type { Norm } from "../blocks/norm.ts";
import type { BlockWeights } from "../blocks/transformer-block.ts";
import type {
  FeedForwardSources,
  LatentSources,
  LayerSources,
  MixtureSources,
  StackedSource,
  WeightSource,
} from "../models/family.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { GradientError } from "./errors.ts";

/** A tensor of a model that training changes, and where it is in a checkpoint. */
export interface Parameter {
  /** The checkpoint's name, with the rows where it holds several: `h.0.attn.c_attn.weight[0:768]`. */
  readonly name: string;
  /** Where it is; of a matrix in pieces, the first of them. */
  readonly source: WeightSource;
  /** The pieces of a matrix that the checkpoint has in pieces, such as the experts of a mixture. */
  readonly stack?: StackedSource;
  readonly tensor: Tensor;
  /** False for what no gradient reaches, but a rule of its own may change: the bias by which experts are chosen. */
  readonly differentiable?: boolean;
}

/** A source with the tensor that was made of it; a part that a model lacks has neither. */
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

/** A layer in the order of its parts; `between` are those between attention and the feed-forward layer. */
export function ofLayer(
  sources: LayerSources,
  { attention, feedForward, ...norms }: BlockWeights,
  between: readonly Found[] = [],
): Found[] {
  return [
    ...ofNorm(sources.attentionNorm, sources.attentionNormBias, norms.attentionNorm),
    ...ofLinear(sources.q, sources.qBias, attention.q),
    ...ofLinear(sources.k, sources.kBias, attention.k),
    ...ofLinear(sources.v, sources.vBias, attention.v),
    ...ofLinear(sources.output, sources.outputBias, attention.output),
    ...ofNorm(sources.qNorm, undefined, attention.qNorm),
    ...ofNorm(sources.kNorm, undefined, attention.kNorm),
    [sources.sinks, attention.sinks],
    ...ofLatent(sources.latent, attention.latent),
    ...ofNorm(sources.attentionOutputNorm, undefined, norms.attentionOutputNorm),
    ...between,
    ...ofNorm(sources.feedForwardNorm, sources.feedForwardNormBias, norms.feedForwardNorm),
    ...("router" in sources.feedForward
      ? ofMixture(sources.feedForward, feedForward as MixtureWeights)
      : ofFeedForward(sources.feedForward, feedForward as FeedForwardWeights)),
    ...ofNorm(sources.feedForwardOutputNorm, undefined, norms.feedForwardOutputNorm),
  ];
}

/**
 * The parameters of what was found, each tensor once: two heads may read one.
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
