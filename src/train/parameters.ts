import type { Linear } from "../blocks/linear.ts";
import type { Norm } from "../blocks/norm.ts";
import type { BlockWeights } from "../blocks/transformer-block.ts";
import type { Checkpoint } from "../models/checkpoint.ts";
import type { FeedForwardSources, LayerSources, WeightSource } from "../models/family.ts";
import type { DecoderWeights } from "../models/weights.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { GradientError } from "./errors.ts";

/** A tensor of a model that training changes, and where it is in a checkpoint. */
export interface Parameter {
  /** The checkpoint's name, with the rows where it holds several: `h.0.attn.c_attn.weight[0:768]`. */
  readonly name: string;
  readonly source: WeightSource;
  readonly tensor: Tensor;
}

type Found = readonly [source: WeightSource | undefined, tensor: Tensor | undefined];

const ofNorm = (weight?: WeightSource, bias?: WeightSource, norm?: Norm): Found[] => [
  [weight, norm?.weight],
  [bias, norm && "bias" in norm ? norm.bias : undefined],
];

const ofLinear = (weight?: WeightSource, bias?: WeightSource, linear?: Linear): Found[] => [
  [weight, linear?.weight],
  [bias, linear?.bias],
];

const ofFeedForward = (sources: FeedForwardSources, weights: Readonly<Record<string, unknown>>): Found[] =>
  (["gate", "up", "down"] as const).flatMap((name) =>
    ofLinear(sources[name], sources[`${name}Bias`], weights[name] as Linear | undefined),
  );

function ofLayer(sources: LayerSources, { attention, feedForward, ...norms }: BlockWeights): Found[] {
  if ("router" in sources.feedForward) throw new GradientError("parameters: mixtures of experts are not trained yet");
  if (sources.latent) throw new GradientError("parameters: latent attention is not trained yet");
  return [
    ...ofNorm(sources.attentionNorm, sources.attentionNormBias, norms.attentionNorm),
    ...ofLinear(sources.q, sources.qBias, attention.q),
    ...ofLinear(sources.k, sources.kBias, attention.k),
    ...ofLinear(sources.v, sources.vBias, attention.v),
    ...ofLinear(sources.output, sources.outputBias, attention.output),
    ...ofNorm(sources.qNorm, undefined, attention.qNorm),
    ...ofNorm(sources.kNorm, undefined, attention.kNorm),
    [sources.sinks, attention.sinks],
    ...ofNorm(sources.attentionOutputNorm, undefined, norms.attentionOutputNorm),
    ...ofNorm(sources.feedForwardNorm, sources.feedForwardNormBias, norms.feedForwardNorm),
    ...ofFeedForward(sources.feedForward, feedForward as unknown as Readonly<Record<string, unknown>>),
    ...ofNorm(sources.feedForwardOutputNorm, undefined, norms.feedForwardOutputNorm),
  ];
}

/**
 * The parameters of a decoder in the order of its layers, each tensor of the checkpoint once: a head that is the embedding
 * is no parameter of its own. Throws `GradientError` for weights that are not trained yet: experts, latent attention.
 */
export function parametersOf({ outer, layers }: Checkpoint, weights: DecoderWeights): Parameter[] {
  const found: Found[] = [
    [outer.embedding, weights.embedding],
    [outer.positions, weights.positions],
    ...layers.flatMap((layer, i) => ofLayer(layer, weights.blocks[i] as BlockWeights)),
    ...ofNorm(outer.norm, outer.normBias, weights.norm),
    ...ofLinear(outer.head, undefined, outer.head ? weights.head : undefined),
  ];
  return found.flatMap(([source, tensor]) => {
    if (!source) return [];
    if (!tensor) throw new GradientError(`parameters: ${source.name} has no tensor on the device`);
    const rows = source.rows ? `[${source.rows[0]}:${source.rows[1]}]` : "";
    return [{ name: `${source.name}${rows}`, source, tensor }];
  });
}
