import type { LatentProjections } from "../blocks/attention.ts";
import type { FeedForwardWeights } from "../blocks/feed-forward.ts";
import type { Linear } from "../blocks/linear.ts";
import type { MixtureWeights } from "../blocks/mixture.ts";
import type { Norm } from "../blocks/norm.ts";
import type { BlockWeights } from "../blocks/transformer-block.ts";
import type { Weights } from "../formats/weights.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { DecoderConfig } from "./config.ts";
import {
  type Family,
  type FeedForwardSources,
  type LatentSources,
  type MixtureSources,
  sourcesOf,
  type WeightSource,
} from "./family.ts";
import { Loader, type LoadOptions, storedTensor } from "./loader.ts";

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

/**
 * Uploads a checkpoint's weights to the GPU in pieces of at most 8 MiB, checking every value. Throws `FormatError` for
 * a tensor that is missing, has another shape than the config implies, or holds NaN or infinity; nothing stays
 * allocated then.
 */
export async function loadWeights(
  gpu: Gpu,
  weights: Weights,
  family: Family,
  config: DecoderConfig,
  options: LoadOptions = {},
): Promise<DecoderWeights> {
  // Every name and shape, before the first byte is uploaded.
  const checked = <T extends Parameters<typeof sourcesOf>[0]>(part: T): T => {
    for (const source of sourcesOf(part)) storedTensor(weights, source);
    return part;
  };
  const outer = checked(family.outer(config, weights.has));
  const layers = Array.from({ length: config.layers }, (_, i) => checked(family.layer(config, i, weights.has)));
  const loader = new Loader(gpu, weights, options);
  try {
    const norm = async (weight: WeightSource, bias?: WeightSource, eps = config.eps): Promise<Norm> => {
      if (config.norm === "rms") return { kind: "rms", weight: await loader.vector(weight), eps };
      return { kind: "layer", weight: await loader.vector(weight), bias: bias && (await loader.vector(bias)), eps };
    };
    const linear = async (weight: WeightSource, bias?: WeightSource): Promise<Linear> => ({
      weight: await loader.matrix(weight),
      bias: bias && (await loader.vector(bias)),
    });
    const feedForward = async (layer: FeedForwardSources): Promise<FeedForwardWeights> => ({
      gate: layer.gate && (await linear(layer.gate, layer.gateBias)),
      up: await linear(layer.up, layer.upBias),
      down: await linear(layer.down, layer.downBias),
    });
    const faults = config.mixture && loader.flags(config.layers);
    const mixture = async (layer: MixtureSources, index: number): Promise<MixtureWeights> => ({
      faults: faults && { flags: faults, layer: index },
      router: await linear(layer.router, layer.routerBias),
      gateUp: await loader.matrix(layer.gateUp),
      gateUpBias: layer.gateUpBias && (await loader.vector(layer.gateUpBias)),
      down: await loader.matrix(layer.down),
      downBias: layer.downBias && (await loader.vector(layer.downBias)),
      selectionBias: layer.selectionBias && (await loader.vector(layer.selectionBias)),
      shared: layer.shared && (await feedForward(layer.shared)),
      sharedGate: layer.sharedGate && (await linear(layer.sharedGate)),
    });
    const latent = async (layer: LatentSources): Promise<LatentProjections> => {
      const eps = config.latent?.eps;
      const { queryDown, queryDownBias, queryNorm } = layer;
      const query = queryDown &&
        queryNorm && {
          down: await linear(queryDown, queryDownBias),
          norm: await norm(queryNorm, undefined, eps),
        };
      return { norm: await norm(layer.norm, undefined, eps), query };
    };
    const embedding = await loader.matrix(outer.embedding);
    const positions = outer.positions && (await loader.matrix(outer.positions));
    const blocks: BlockWeights[] = [];
    for (const [index, layer] of layers.entries()) {
      blocks.push({
        attentionNorm: await norm(layer.attentionNorm, layer.attentionNormBias),
        attention: {
          q: await linear(layer.q, layer.qBias),
          k: await linear(layer.k, layer.kBias),
          // The kernel that splits this projection by head supports no other type.
          v: layer.latent ? { weight: await loader.matrix(layer.v, "f32") } : await linear(layer.v, layer.vBias),
          output: await linear(layer.output, layer.outputBias),
          qNorm: layer.qNorm && (await norm(layer.qNorm)),
          kNorm: layer.kNorm && (await norm(layer.kNorm)),
          sinks: layer.sinks && (await loader.vector(layer.sinks)),
          latent: layer.latent && (await latent(layer.latent)),
        },
        feedForwardNorm: await norm(layer.feedForwardNorm, layer.feedForwardNormBias),
        feedForward:
          "router" in layer.feedForward
            ? await mixture(layer.feedForward, index)
            : await feedForward(layer.feedForward),
      });
    }
    const last = await norm(outer.norm, outer.normBias);
    const head = outer.head ? await linear(outer.head) : { weight: embedding };
    await loader.finish();
    const dispose = () => loader.dispose();
    return { embedding, positions, blocks, norm: last, head, faults, bytes: loader.bytes, dispose };
  } catch (error) {
    loader.dispose();
    throw error;
  }
}
