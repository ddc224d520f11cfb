import type { AttentionWeights, LatentProjections } from "../../blocks/attention.ts";
import type { Linear } from "../../blocks/linear.ts";
import type { MixtureWeights } from "../../blocks/mixture.ts";
import type { Norm } from "../../blocks/norm.ts";
import type { LayerWeights } from "../../blocks/transformer-block.ts";
import type { Weights } from "../../formats/weights.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { DecoderConfig } from "../decoders/config.ts";
import {
  type AttentionSources,
  type Family,
  hasAttention,
  type LatentSources,
  type LayerSources,
  type MixtureSources,
} from "../decoders/family.ts";
import { type Checkpoint, checkWeights } from "./checkpoint.ts";
import { Loader, type LoadOptions } from "./loader.ts";
import { matrixTypes } from "./matrix-types.ts";
import { partLoader } from "./part-loader.ts";

export type { LoadOptions } from "./loader.ts";

/** Weights of a decoder on the GPU. */
export interface DecoderWeights {
  readonly embedding: Tensor;
  /** Learned positions `[context, c]`. */
  readonly positions?: Tensor | undefined;
  readonly blocks: readonly LayerWeights[];
  /** Of the last layer's result; unset: no norm. */
  readonly norm?: Norm | undefined;
  readonly head: Linear;
  /** Set to 1 on the GPU for a layer whose router's logits were NaN, u32 `[layers]`; for models with experts. */
  readonly faults?: Tensor | undefined;
  /** Names and shapes of the layers' weights in their checkpoint. */
  readonly sources?: readonly LayerSources[] | undefined;
  /** Total size in bytes. */
  readonly bytes: number;
  dispose(): void;
}

/** True where a projection of attention or of the feed-forward layer has a scale. */
const isScaled = ({ attention, feedForward }: LayerWeights): boolean =>
  [...Object.values(attention ?? {}), ...Object.values(feedForward ?? {})].some(
    (part: unknown) => typeof part === "object" && part !== null && "scale" in part,
  );

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
  const types = matrixTypes(options, config);
  try {
    const { norm, linear, projections, feedForward } = partLoader(gpu, weights, loader, types, config);
    const state = config.state && (await import("../states-entry.ts")).stateLoader(loader, types, linear, config);
    const faults = config.mixture && loader.flags(config.layers);
    const mixture = (layer: MixtureSources, index: number): (() => MixtureWeights) => {
      const shared = layer.shared && feedForward(layer.shared, index);
      const others = {
        faults: faults && { flags: faults, layer: index },
        router: linear(types.of("router", index), layer.router, layer.routerBias),
        gateUp: loader.matrix(layer.gateUp, types.of("gateUp", index)),
        gateUpBias: layer.gateUpBias && loader.vector(layer.gateUpBias),
        down: loader.matrix(layer.down, types.of("down", index)),
        downBias: layer.downBias && loader.vector(layer.downBias),
        selectionBias: layer.selectionBias && loader.vector(layer.selectionBias),
        sharedGate: layer.sharedGate && linear(types.of("sharedGate", index), layer.sharedGate),
      };
      return () => ({ ...others, shared: shared?.() });
    };
    const attention = (layer: AttentionSources, index: number): (() => AttentionWeights) => {
      const others = {
        qNorm: layer.qNorm && norm(layer.qNorm),
        kNorm: layer.kNorm && norm(layer.kNorm),
        sinks: layer.sinks && loader.vector(layer.sinks),
        latent: layer.latent && latent(layer.latent, index),
      };
      const all = projections(layer, index);
      return () => ({ ...all(), ...others });
    };
    const latent = (layer: LatentSources, index: number): LatentProjections => {
      const eps = config.latent?.eps;
      const { queryDown, queryDownBias, queryNorm } = layer;
      const query = queryDown &&
        queryNorm && {
          down: linear(types.of("queryDown", index), queryDown, queryDownBias),
          norm: norm(queryNorm, undefined, eps),
        };
      return { norm: norm(layer.norm, undefined, eps), query };
    };
    const embedding = loader.matrix(outer.embedding, types.of("embedding"));
    const positions = outer.positions && loader.matrix(outer.positions, types.of("positions"));
    const parts = layers.map((layer, index) => ({
      attentionNorm: layer.attentionNorm && norm(layer.attentionNorm, layer.attentionNormBias),
      attentionOutputNorm: layer.attentionOutputNorm && norm(layer.attentionOutputNorm),
      attention: hasAttention(layer) ? attention(layer, index) : undefined,
      state: layer.state && state?.(layer.state, index),
      feedForwardNorm: layer.feedForwardNorm && norm(layer.feedForwardNorm, layer.feedForwardNormBias),
      feedForwardOutputNorm: layer.feedForwardOutputNorm && norm(layer.feedForwardOutputNorm),
      feedForward:
        layer.feedForward &&
        ("router" in layer.feedForward ? mixture(layer.feedForward, index) : feedForward(layer.feedForward, index)),
    }));
    const last = outer.norm && norm(outer.norm, outer.normBias);
    const head = outer.head ? linear(types.of("head"), outer.head) : { weight: embedding };
    for (const note of types.notes()) (options.onWarning ?? console.warn)(note);
    await loader.finish();
    const blocks = parts.map(({ attention, state, feedForward, ...norms }): LayerWeights => {
      const layer = { ...norms, attention: attention?.(), state: state?.(), feedForward: feedForward?.() };
      return isScaled(layer) ? { ...layer, adapted: true } : layer;
    });
    const dispose = () => loader.dispose();
    return { embedding, positions, blocks, norm: last, head, faults, sources: layers, bytes: loader.bytes, dispose };
  } catch (error) {
    loader.dispose();
    throw error;
  }
}
