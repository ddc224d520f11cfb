import type { FeedForwardWeights } from "../blocks/feed-forward.ts";
import type { Linear } from "../blocks/linear.ts";
import type { MixtureWeights } from "../blocks/mixture.ts";
import type { Norm } from "../blocks/norm.ts";
import type { BlockWeights } from "../blocks/transformer-block.ts";
import type { Weights } from "../formats/weights.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { DecoderConfig } from "./config.ts";
import { type Family, type FeedForwardSources, type MixtureSources, sourcesOf, type WeightSource } from "./family.ts";
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
  /** Bytes of all of them. */
  readonly bytes: number;
  dispose(): void;
}

/**
 * Brings a checkpoint's weights to the GPU in pieces of at most 8 MiB, checking every value. Throws `FormatError` for
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
    const norm = async (weight: WeightSource, bias?: WeightSource): Promise<Norm> => {
      const { eps } = config;
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
    const mixture = async (layer: MixtureSources): Promise<MixtureWeights> => ({
      router: await linear(layer.router, layer.routerBias),
      gateUp: await loader.matrix(layer.gateUp),
      gateUpBias: layer.gateUpBias && (await loader.vector(layer.gateUpBias)),
      down: await loader.matrix(layer.down),
      downBias: layer.downBias && (await loader.vector(layer.downBias)),
    });
    const embedding = await loader.matrix(outer.embedding);
    const positions = outer.positions && (await loader.matrix(outer.positions));
    const blocks: BlockWeights[] = [];
    for (const layer of layers) {
      blocks.push({
        attentionNorm: await norm(layer.attentionNorm, layer.attentionNormBias),
        attention: {
          q: await linear(layer.q, layer.qBias),
          k: await linear(layer.k, layer.kBias),
          v: await linear(layer.v, layer.vBias),
          output: await linear(layer.output, layer.outputBias),
          qNorm: layer.qNorm && (await norm(layer.qNorm)),
          kNorm: layer.kNorm && (await norm(layer.kNorm)),
          sinks: layer.sinks && (await loader.vector(layer.sinks)),
        },
        feedForwardNorm: await norm(layer.feedForwardNorm, layer.feedForwardNormBias),
        feedForward:
          "router" in layer.feedForward ? await mixture(layer.feedForward) : await feedForward(layer.feedForward),
      });
    }
    const last = await norm(outer.norm, outer.normBias);
    const head = outer.head ? await linear(outer.head) : { weight: embedding };
    await loader.finish();
    return { embedding, positions, blocks, norm: last, head, bytes: loader.bytes, dispose: () => loader.dispose() };
  } catch (error) {
    loader.dispose();
    throw error;
  }
}
