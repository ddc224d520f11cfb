import type { AttentionWeights } from "../blocks/attention.ts";
import type { FeedForwardWeights } from "../blocks/feed-forward.ts";
import type { Linear } from "../blocks/linear.ts";
import type { Norm } from "../blocks/norm.ts";
import type { Weights } from "../formats/weights.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { DecoderConfig } from "./config.ts";
import type { FeedForwardSources, LayerSources, WeightSource } from "./family.ts";
import { joining, type LinearSources, partsOf } from "./joined-weights.ts";
import type { Loader } from "./loader.ts";
import type { MatrixTypes, TypeChoice } from "./matrix-types.ts";

/** The projections of an attention layer. */
export type Projections = Pick<AttentionWeights, "q" | "k" | "v" | "qkv" | "output">;

/**
 * What notes the parts of a layer for a loader. A part that consists of several matrices is a function that gives it once
 * everything is loaded.
 */
export function partLoader(
  gpu: Gpu,
  weights: Weights,
  loader: Loader,
  types: MatrixTypes,
  config: Pick<DecoderConfig, "norm" | "eps">,
) {
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
  /** Queries, keys and values, as one where that can be, unless they are those of latent attention; and the output. */
  const projections = (layer: LayerSources, index: number): (() => Projections) => {
    const [q, k, v] = [
      { type: types.of("q", index), weight: layer.q, bias: layer.qBias },
      { type: types.of("k", index), weight: layer.k, bias: layer.kBias },
      { type: types.of("v", index), weight: layer.v, bias: layer.latent ? undefined : layer.vBias },
    ] as const;
    const output = linear(types.of("output", index), layer.output, layer.outputBias);
    if (layer.latent) {
      const one = ({ type, weight, bias }: LinearSources) => linear(type, weight, bias);
      const all = { q: one(q), k: one(k), v: one(v), output };
      return () => all;
    }
    const parts = joined([q, k, v]);
    return () => {
      const [[q, k, v], qkv] = parts();
      return { q: q as Linear, k: k as Linear, v: v as Linear, qkv, output };
    };
  };
  return { norm, linear, projections, feedForward };
}
