import type { AttentionWeights } from "../../blocks/attention.ts";
import type { FeedForwardWeights } from "../../blocks/feed-forward.ts";
import type { Linear } from "../../blocks/linear.ts";
import type { Norm } from "../../blocks/norm.ts";
import type { Weights } from "../../formats/weights.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { planeRowBytes } from "../../tensor/formats/formats.ts";
import { slice } from "../../tensor/views.ts";
import type { DecoderConfig } from "../decoders/config.ts";
import type { AttentionSources, FeedForwardSources, StackedSource, WeightSource } from "../decoders/family.ts";
import type { Loader } from "./loader.ts";
import type { MatrixTypes, TypeChoice } from "./matrix-types.ts";
import { storedRows } from "./stored-rows.ts";

/** The projections of an attention layer. */
type Projections = Pick<AttentionWeights, "q" | "k" | "v" | "qkv" | "output">;

/**
 * Registers the parts of a layer with a loader. A part of several matrices is a function that returns it once
 * everything is loaded.
 */
export function partLoader(
  gpu: Gpu,
  weights: Weights,
  loader: Loader,
  types: MatrixTypes,
  config: Pick<DecoderConfig, "norm" | "eps" | "state">,
) {
  const norm = (weight: WeightSource, bias?: WeightSource, eps = config.eps): Norm => {
    if (config.norm === "rms") return { kind: "rms", weight: loader.vector(weight), eps };
    return { kind: "layer", weight: loader.vector(weight), bias: bias && loader.vector(bias), eps };
  };
  const linear = (type: TypeChoice, weight: WeightSource | StackedSource, bias?: WeightSource): Linear => {
    const both = { weight: loader.matrix(weight, type), bias: bias && loader.vector(bias) };
    const { factor = 1, name = "" } = "parts" in weight ? {} : weight;
    if (factor === 1) return both;
    return { ...both, scale: loader.constant(typeof factor === "number" ? [factor] : factor, `${name} factor`) };
  };
  /** Projections of one input, fused where possible, with a function that splits them once all is loaded. */
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
  /** Queries, keys and values, fused where possible except in latent attention; and the output. */
  const projections = (layer: AttentionSources, index: number): (() => Projections) => {
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

// Projections of one input whose weights are in one tensor, so that a kernel reads them in one dispatch.

/** The sources of a projection, and the choice of its type on the device. */
interface LinearSources {
  readonly type: TypeChoice;
  readonly weight: WeightSource;
  readonly bias?: WeightSource | undefined;
}

/** Bytes at whose multiples bindings may begin, on every device. */
const alignment = 256;

/**
 * Whether projections can be fused: equal types, a bias on all or none, none transposed, all within one binding, and
 * each beginning where a binding may. Each type is chosen here, once.
 */
function joining(
  gpu: Gpu,
  weights: Weights,
  sources: readonly LinearSources[],
): { readonly canJoin: boolean; readonly chosen: readonly TypeChoice[] } {
  if (sources.some(({ weight: { transposed, packed, factor } }) => transposed || packed || factor !== undefined)) {
    return { canJoin: false, chosen: sources.map(({ type }) => type) };
  }
  const stored = sources.map(({ weight }) => storedRows(weights, weight, false));
  const types = stored.map(({ dtype, columns }, i) => sources[i]?.type(dtype, columns) ?? dtype);
  const chosen = types.map((type) => () => type);
  const [type = "f32"] = types;
  const columns = stored[0]?.columns ?? 0;
  const biases = sources.filter(({ bias }) => bias).length;
  const isUniform =
    new Set(types).size === 1 &&
    new Set(stored.map(({ dtype }) => dtype)).size === 1 &&
    stored.every((one) => one.columns === columns) &&
    (biases === 0 || biases === sources.length);
  if (!isUniform) return { canJoin: false, chosen };
  const limit = Math.min(gpu.limits.binding, gpu.limits.buffer);
  const strides = [...Object.values(planeRowBytes(type, columns)), ...(biases > 0 ? [4] : [])];
  const canJoin = strides.every((bytes) => {
    let begin = 0;
    for (const { rows } of stored) {
      if ((begin * bytes) % alignment !== 0) return false;
      begin += rows;
    }
    return begin * bytes <= limit;
  });
  return { canJoin, chosen };
}

/** The projections in a fused one, in order. */
function partsOf({ weight, bias }: Linear, sources: readonly LinearSources[]): Linear[] {
  let end = 0;
  return sources.map(({ weight: { rows, shape } }) => {
    const begin = end;
    end += rows ? rows[1] - rows[0] : (shape[0] ?? 0);
    return { weight: slice(weight, 0, begin, end), bias: bias && slice(bias, 0, begin, end) };
  });
}
