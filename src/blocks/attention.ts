import type { Gpu } from "../gpu/gpu.ts";
import { optionalTensor, tensorCheck } from "../kernels/arguments.ts";
import { tableAttention } from "../kernels/attention/attention.ts";
import { appendKv } from "../kernels/kv-cache/append.ts";
import { kvLayoutCheck } from "../kernels/kv-cache/layouts.ts";
import { rope, ropeLayoutCheck } from "../kernels/rope/rope.ts";
import { type Checks, checkOptions, fieldsOf, finite, integer, object, required, size } from "../options/checks.ts";
import { OptionError } from "../options/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { reshape, transpose } from "../tensor/views.ts";
import { type LayerCache, ownLayout, sharedCache, visibleCache } from "./kv-cache/cache.ts";
import { type Linear, linear, projection } from "./linear.ts";
import { type Norm, norm, normCheck } from "./norm.ts";

/**
 * The positions of this run's tokens: the step's, which change from replay to replay, or `start` onwards. With `apart`, a
 * step with a row for each token of the one sequence, every query attends by itself, as one of a decode step does: its
 * result is bitwise the same.
 */
export type Place = { readonly step: Tensor; readonly apart?: Tensor | undefined } | { readonly start: number };

/** Projections of one attention layer. */
export interface AttentionWeights {
  readonly q: Linear;
  readonly k: Linear;
  readonly v: Linear;
  readonly output: Linear;
  /** Norms of queries and keys before rotation: of each head `[d]` (Qwen3), or of all heads as one vector (OLMoE). */
  readonly qNorm?: Norm | undefined;
  readonly kNorm?: Norm | undefined;
  /** Sink of each query head: a score that joins the softmax and has no value `[h]` (gpt-oss). */
  readonly sinks?: Tensor | undefined;
  /** Latent attention, in which q, k and v are other projections. */
  readonly latent?: LatentProjections | undefined;
}

/**
 * Further weights of latent attention (DeepSeek-V2): k projects to a token's latent followed by the key that heads
 * share; v, f32 `[h · (nope + dv), rank]`, projects a latent to the keys and values of all heads.
 */
export interface LatentProjections {
  /** Norm weights of the latent `[rank]`. */
  readonly norm: Norm;
  /** The projection to the latent that q projects to queries, and its norm; unset: queries come from x. */
  readonly query?: { readonly down: Linear; readonly norm: Norm } | undefined;
}

/** The settings of an attention layer. */
export interface AttentionShape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headWidth: number;
  /** Number of keys that a query sees, its own included; unset: all up to it. */
  readonly window?: number | undefined;
  /** Factor of the scores; default `1/√headWidth`. */
  readonly scale?: number | undefined;
  /** Pairing of rotated elements; only used with a table. */
  readonly ropeLayout?: "halves" | "interleaved";
}

/** The inputs of an attention layer. */
export interface AttentionInputs {
  /** `[b, t, c]`, normed. */
  readonly x: Tensor;
  readonly cache: LayerCache;
  /** Cosines and sines `[positions, pairs, 2]`; unset for models without rotary positions. */
  readonly ropeTable?: Tensor | undefined;
  readonly place: Place;
  /** Maximum number of cached tokens visible in this run; grids are sized for it. */
  readonly visible: number;
}

const atLeastOne = integer(1, 2 ** 30);

/** Checks of the projections. */
export const attentionWeightChecks: Checks<AttentionWeights> = {
  q: projection,
  k: projection,
  v: projection,
  output: projection,
  qNorm: normCheck,
  kNorm: normCheck,
  sinks: optionalTensor,
  latent: object<LatentProjections>({
    norm: required(normCheck),
    query: object<NonNullable<LatentProjections["query"]>>({ down: projection, norm: required(normCheck) }),
  }),
};

/** Checks of the settings. */
export const attentionShapeChecks: Checks<AttentionShape> = {
  heads: required(atLeastOne),
  kvHeads: required(atLeastOne),
  headWidth: required(atLeastOne),
  window: atLeastOne,
  scale: finite,
  ropeLayout: ropeLayoutCheck,
};

/** Checks of the inputs other than x. */
export const attentionInputChecks: Checks<Omit<AttentionInputs, "x">> = {
  cache: required(
    object<LayerCache>({
      keys: tensorCheck,
      values: tensorCheck,
      kScale: optionalTensor,
      vScale: optionalTensor,
      layout: kvLayoutCheck,
    }),
  ),
  ropeTable: optionalTensor,
  place: required(
    object<{ step: unknown; apart: unknown; start: unknown }>({
      ...{ step: optionalTensor, apart: optionalTensor, start: size },
    }),
  ),
  visible: required(size),
};

const inputFields = fieldsOf<AttentionInputs>({ ...attentionInputChecks, x: tensorCheck });
const weightFields = fieldsOf(attentionWeightChecks);
const shapeFields = fieldsOf(attentionShapeChecks);

/**
 * Causal self-attention with a cache: project, rotate, store, attend, project (Vaswani et al. 2017, section 3.2;
 * grouped heads after Ainslie et al. 2023). Returns `[b, t, c]`.
 */
export function attentionLayer(
  gpu: Gpu,
  name: string,
  inputs: AttentionInputs,
  weights: AttentionWeights,
  shape: AttentionShape,
): Tensor {
  checkOptions("attentionLayer", inputFields, inputs);
  checkOptions("attentionLayer", weightFields, weights, "weights.");
  checkOptions("attentionLayer", shapeFields, shape);
  const { x, cache, ropeTable, place, visible } = inputs;
  if (!("step" in place || "start" in place)) {
    throw new OptionError("attentionLayer: inputs.place has neither step nor start, expected one of them");
  }
  const { heads, kvHeads, headWidth, window, scale, ropeLayout = "halves" } = shape;
  const [b = 1, t = 1] = x.shape;
  const split = (projected: Tensor, count: number) => reshape(projected, [b, t, count, headWidth]);
  const normed = (projected: Tensor, count: number, parameters: Norm | undefined) => {
    if (!parameters) return split(projected, count);
    const each = parameters.weight.size === headWidth;
    return each ? norm(gpu, split(projected, count), parameters) : split(norm(gpu, projected, parameters), count);
  };
  let q = normed(linear(gpu, x, weights.q), heads, weights.qNorm);
  let k = normed(linear(gpu, x, weights.k), kvHeads, weights.kNorm);
  const v = split(linear(gpu, x, weights.v), kvHeads);
  const at = "step" in place ? { step: place.step } : {};
  const start = "start" in place ? { start: place.start } : {};
  if (ropeTable) {
    q = rope(gpu, { x: q, table: ropeTable, ...at }, { layout: ropeLayout, ...start }).y;
    k = rope(gpu, { x: k, table: ropeTable, ...at }, { layout: ropeLayout, ...start }).y;
  }
  gpu.tap(`${name}.q`, q);
  gpu.tap(`${name}.k`, k);
  gpu.tap(`${name}.v`, v);
  const { layout: _, ...stored } = cache;
  appendKv(gpu, { k, v, ...stored, ...at }, { ...start, ...ownLayout(cache, b) });
  const queries = queriesOf(q, cache, visible, place);
  const { out } = tableAttention(
    gpu,
    { ...queries.tensors, sink: weights.sinks },
    {
      ...queries.placed,
      mask: window === undefined ? "causal" : { kind: "sliding-window", keys: window },
      scale: scale ?? 1 / Math.sqrt(headWidth),
      ...("start" in place ? { start: place.start, length: place.start + t } : {}),
    },
  );
  const joined = reshape(transpose(out, [0, 2, 1, 3]), [b, t, heads * headWidth]);
  gpu.tap(`${name}.out`, joined);
  return linear(gpu, joined, weights.output);
}

/**
 * What attends: the queries of q `[b, t, h, d]` as `[b, h, t, d]` over a layer's cache, or, where they attend apart, as
 * batch rows `[t, h, 1, d]` over that of the one sequence, in which every row sees the same keys.
 */
export function queriesOf(q: Tensor, cache: LayerCache, visible: number, place: Place) {
  const apart = "step" in place ? place.apart : undefined;
  const { tensors, placed } = visibleCache(apart ? sharedCache(cache, q.shape[1] ?? 0) : cache, visible);
  const step = apart ?? ("step" in place ? place.step : undefined);
  return { tensors: { q: transpose(q, apart ? [1, 2, 0, 3] : [0, 2, 1, 3]), ...tensors, step }, placed };
}
