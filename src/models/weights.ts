import type { LatentProjections } from "../blocks/attention.ts";
import type { FeedForwardWeights } from "../blocks/feed-forward.ts";
import type { Linear } from "../blocks/linear.ts";
import type { MixtureWeights } from "../blocks/mixture.ts";
import type { Norm } from "../blocks/norm.ts";
import type { BlockWeights } from "../blocks/transformer-block.ts";
import type { Weights } from "../formats/weights.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Checkpoint, checkWeights } from "./checkpoint.ts";
import type { DecoderConfig } from "./config.ts";
import type { Family, FeedForwardSources, LatentSources, MixtureSources, WeightSource } from "./family.ts";
import { Loader, type LoadOptions } from "./loader.ts";

export type { LoadOptions } from "./loader.ts";

/** Weights of a decoder on the GPU. */
export interface DecoderWeights {
  readonly embedding: Tensor;
  /** Learned positions `[context, c]`. */
  readonly positions?: Tensor | undefined;
  readonly blocks: readonly BlockWeights[];
  readonly norm: Norm;
  readonly head: Linear;
  /** Set to 1 on the GPU for a layer whose router's logits were NaN, u32 `[layers]`; for models with experts. */
  readonly faults?: Tensor | undefined;
  /** Total size in bytes. */
  readonly bytes: number;
  dispose(): void;
}

/** Checks a checkpoint (`checkWeights`), then uploads it. */
export async function loadWeights(
  gpu: Gpu,
  weights: Weights,
  family: Family,
  config: DecoderConfig,
  options: LoadOptions = {},
): Promise<DecoderWeights> {
  return uploadWeights(gpu, weights, checkWeights(weights, family, config), config, options);
}

/**
 * Uploads the weights of a checked checkpoint to the GPU in pieces of at most 4 MiB, checking every value. Throws
 * `FormatError` for NaN or infinity; nothing stays allocated then.
 */
export async function uploadWeights(
  gpu: Gpu,
  weights: Weights,
  { outer, layers }: Checkpoint,
  config: DecoderConfig,
  options: LoadOptions = {},
): Promise<DecoderWeights> {
  const loader = new Loader(gpu, weights, options);
  try {
    const norm = (weight: WeightSource, bias?: WeightSource, eps = config.eps): Norm => {
      if (config.norm === "rms") return { kind: "rms", weight: loader.vector(weight), eps };
      return { kind: "layer", weight: loader.vector(weight), bias: bias && loader.vector(bias), eps };
    };
    const linear = (weight: WeightSource, bias?: WeightSource): Linear => ({
      weight: loader.matrix(weight),
      bias: bias && loader.vector(bias),
    });
    const feedForward = (layer: FeedForwardSources): FeedForwardWeights => ({
      gate: layer.gate && linear(layer.gate, layer.gateBias),
      up: linear(layer.up, layer.upBias),
      down: linear(layer.down, layer.downBias),
    });
    const faults = config.mixture && loader.flags(config.layers);
    const mixture = (layer: MixtureSources, index: number): MixtureWeights => ({
      faults: faults && { flags: faults, layer: index },
      router: linear(layer.router, layer.routerBias),
      gateUp: loader.matrix(layer.gateUp),
      gateUpBias: layer.gateUpBias && loader.vector(layer.gateUpBias),
      down: loader.matrix(layer.down),
      downBias: layer.downBias && loader.vector(layer.downBias),
      selectionBias: layer.selectionBias && loader.vector(layer.selectionBias),
      shared: layer.shared && feedForward(layer.shared),
      sharedGate: layer.sharedGate && linear(layer.sharedGate),
    });
    const latent = (layer: LatentSources): LatentProjections => {
      const eps = config.latent?.eps;
      const { queryDown, queryDownBias, queryNorm } = layer;
      const query = queryDown &&
        queryNorm && {
          down: linear(queryDown, queryDownBias),
          norm: norm(queryNorm, undefined, eps),
        };
      return { norm: norm(layer.norm, undefined, eps), query };
    };
    const embedding = loader.matrix(outer.embedding);
    const positions = outer.positions && loader.matrix(outer.positions);
    const blocks: BlockWeights[] = [];
    for (const [index, layer] of layers.entries()) {
      blocks.push({
        attentionNorm: norm(layer.attentionNorm, layer.attentionNormBias),
        attention: {
          q: linear(layer.q, layer.qBias),
          k: linear(layer.k, layer.kBias),
          // The kernel that splits this projection by head supports no other type.
          v: layer.latent ? { weight: loader.matrix(layer.v, "f32") } : linear(layer.v, layer.vBias),
          output: linear(layer.output, layer.outputBias),
          qNorm: layer.qNorm && norm(layer.qNorm),
          kNorm: layer.kNorm && norm(layer.kNorm),
          sinks: layer.sinks && loader.vector(layer.sinks),
          latent: layer.latent && latent(layer.latent),
        },
        feedForwardNorm: norm(layer.feedForwardNorm, layer.feedForwardNormBias),
        feedForward: "router" in layer.feedForward ? mixture(layer.feedForward, index) : feedForward(layer.feedForward),
      });
    }
    const last = norm(outer.norm, outer.normBias);
    const head = outer.head ? linear(outer.head) : { weight: embedding };
    await loader.finish();
    const dispose = () => loader.dispose();
    return { embedding, positions, blocks, norm: last, head, faults, bytes: loader.bytes, dispose };
  } catch (error) {
    loader.dispose();
    throw error;
  }
}
