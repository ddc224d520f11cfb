import type { AttentionWeights, LatentProjections } from "../blocks/attention.ts";
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
import type {
  Family,
  FeedForwardSources,
  LatentSources,
  LayerSources,
  MixtureSources,
  WeightSource,
} from "./family.ts";
import { joining, type LinearSources, partsOf } from "./joined-weights.ts";
import { Loader, type LoadOptions } from "./loader.ts";
import { matrixTypes, type TypeChoice } from "./matrix-types.ts";

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
  const types = matrixTypes(options, config);
  try {
    const norm = (weight: WeightSource, bias?: WeightSource, eps = config.eps): Norm => {
      if (config.norm === "rms") return { kind: "rms", weight: loader.vector(weight), eps };
      return { kind: "layer", weight: loader.vector(weight), bias: bias && loader.vector(bias), eps };
    };
    const linear = (type: TypeChoice, weight: WeightSource, bias?: WeightSource): Linear => ({
      weight: loader.matrix(weight, type),
      bias: bias && loader.vector(bias),
    });
    /** Projections of one input as one where they can be, with what takes them apart once all is loaded. */
    const joined = (sources: readonly LinearSources[]): (() => readonly [parts: Linear[], whole?: Linear]) => {
      const { chosen, canJoin } = joining(gpu, weights, sources);
      if (!canJoin) {
        const parts = sources.map(({ weight, bias }, i) => linear(chosen[i] as TypeChoice, weight, bias));
        return () => [parts];
      }
      const label = sources.map(({ weight }) => weight.name).join(", ");
      const biases = sources.flatMap(({ bias }) => bias ?? []);
      const whole: Linear = {
        weight: loader.matrix({ label, parts: sources.map(({ weight }) => [weight]) }, chosen[0]),
        bias: biases.length > 0 ? loader.vectors(biases) : undefined,
      };
      return () => [partsOf(whole, sources), whole];
    };
    const feedForward = (layer: FeedForwardSources, index: number): (() => FeedForwardWeights) => {
      const { up, upBias, gate, gateBias } = layer;
      const down = linear(types.of("down", index), layer.down, layer.downBias);
      if (!gate) {
        const only = linear(types.of("up", index), up, upBias);
        return () => ({ up: only, down });
      }
      const both = joined([
        { type: types.of("gate", index), weight: gate, bias: gateBias },
        { type: types.of("up", index), weight: up, bias: upBias },
      ]);
      return () => {
        const [[gate, up], gateUp] = both();
        return { gate, up: up as Linear, gateUp, down };
      };
    };
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
    const attention = (layer: LayerSources, index: number): (() => AttentionWeights) => {
      const [q, k, v] = [
        { type: types.of("q", index), weight: layer.q, bias: layer.qBias },
        { type: types.of("k", index), weight: layer.k, bias: layer.kBias },
        { type: types.of("v", index), weight: layer.v, bias: layer.latent ? undefined : layer.vBias },
      ] as const;
      const others = {
        output: linear(types.of("output", index), layer.output, layer.outputBias),
        qNorm: layer.qNorm && norm(layer.qNorm),
        kNorm: layer.kNorm && norm(layer.kNorm),
        sinks: layer.sinks && loader.vector(layer.sinks),
        latent: layer.latent && latent(layer.latent, index),
      };
      if (layer.latent) {
        const one = ({ type, weight, bias }: LinearSources) => linear(type, weight, bias);
        const all = { q: one(q), k: one(k), v: one(v), ...others };
        return () => all;
      }
      const projections = joined([q, k, v]);
      return () => {
        const [[q, k, v], qkv] = projections();
        return { q: q as Linear, k: k as Linear, v: v as Linear, qkv, ...others };
      };
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
      attention: attention(layer, index),
      feedForwardNorm: layer.feedForwardNorm && norm(layer.feedForwardNorm, layer.feedForwardNormBias),
      feedForwardOutputNorm: layer.feedForwardOutputNorm && norm(layer.feedForwardOutputNorm),
      feedForward:
        "router" in layer.feedForward ? mixture(layer.feedForward, index) : feedForward(layer.feedForward, index),
    }));
    const last = norm(outer.norm, outer.normBias);
    const head = outer.head ? linear(types.of("head"), outer.head) : { weight: embedding };
    for (const note of types.notes()) (options.onWarning ?? console.warn)(note);
    await loader.finish();
    const blocks = parts.map(
      ({ attention, feedForward, ...norms }): BlockWeights => ({
        ...norms,
        attention: attention(),
        feedForward: feedForward(),
      }),
    );
    const dispose = () => loader.dispose();
    return { embedding, positions, blocks, norm: last, head, faults, bytes: loader.bytes, dispose };
  } catch (error) {
    loader.dispose();
    throw error;
  }
}
