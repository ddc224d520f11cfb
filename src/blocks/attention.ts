import type { Gpu } from "../gpu/gpu.ts";
import { type AttentionMask, tableAttention } from "../kernels/attention/attention.ts";
import { maskCheck } from "../kernels/attention/masks/mask.ts";
import type { WeightDropout } from "../kernels/attention/records/mod.ts";
import { optionalTensor, tensorCheck } from "../kernels/define/arguments.ts";
import { sigmoid } from "../kernels/elementwise/activation.ts";
import { mul } from "../kernels/elementwise/elementwise.ts";
import { appendKv } from "../kernels/kv-cache/append.ts";
import { appendRotated } from "../kernels/kv-cache/append-rotated.ts";
import { hadamard } from "../kernels/kv-cache/hadamard.ts";
import { kvLayoutCheck } from "../kernels/kv-cache/layouts.ts";
import { contiguous } from "../kernels/layout/contiguous.ts";
import { rope, ropeLayoutCheck } from "../kernels/rope/rope.ts";
import {
  boolean,
  type Checks,
  callback,
  checkOptions,
  fieldsOf,
  finite,
  integer,
  object,
  positive,
  required,
  size,
} from "../options/checks.ts";
import { OptionError } from "../options/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { reshape, slice, transpose } from "../tensor/views.ts";
import { type LayerCache, ownLayout, sharedCache, visibleCache } from "./kv-cache/cache.ts";
import { type Linear, linear, linearChecks, project, projectionCheck, type Surroundings } from "./linear.ts";
import { type Norm, norm, normCheck } from "./norm.ts";

/**
 * The positions of this run's tokens: the step's, which change from replay to replay, or `start` onwards. With `apart`,
 * a step with a row for each token of the one sequence, every query attends separately, as in a decode step: its result
 * is bitwise the same.
 */
export type Place = { readonly step: Tensor; readonly apart?: Tensor | undefined } | { readonly start: number };

/** Projections of one attention layer. */
export interface AttentionWeights {
  readonly q: Linear;
  readonly k: Linear;
  readonly v: Linear;
  /** All three as one projection, the rows of q, then of k, then of v: read in one dispatch by a decode step. */
  readonly qkv?: Linear | undefined;
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
  /** The soft cap of scores (Gemma 2); unset: none. Not with latent attention. */
  readonly cap?: number | undefined;
  /** Pairing of rotated elements; only used with a table. */
  readonly ropeLayout?: "halves" | "interleaved";
  /**
   * True: the projection of queries has twice the rows, of each head its query, then its gate; the result of attention
   * is multiplied by the sigmoid of the gates (Qwen3-Next). Not with latent attention.
   * @defaultValue false
   */
  readonly gated?: boolean | undefined;
}

/** The inputs of an attention layer. */
export interface AttentionInputs {
  /** `[b, t, c]`, normed. */
  readonly x: Tensor;
  /** Unset: tokens attend over one another, from position 0 on, and nothing is kept (training). */
  readonly cache?: LayerCache | undefined;
  /** Cosines and sines `[positions, pairs, 2]`; unset for models without rotary positions. */
  readonly ropeTable?: Tensor | undefined;
  readonly place: Place;
  /** Maximum number of cached tokens visible in this run; grids are sized for it. */
  readonly visible: number;
}

/**
 * The inputs of a layer, with a mask instead of the causal or the window's one: a mask whose function has been made.
 */
export interface MaskedInputs extends AttentionInputs {
  readonly mask?: AttentionMask | undefined;
  /** Applied to what the block adds to the residual stream, by attention (0) and by the feed-forward layer (1). */
  readonly dropout?: ((x: Tensor, part: 0 | 1) => Tensor) | undefined;
  /** Dropout of the weights of attention. */
  readonly weightDropout?: WeightDropout | undefined;
}

const atLeastOne = integer(1, 2 ** 30);

/** Checks of the projections. */
export const attentionWeightChecks: Checks<AttentionWeights> = {
  q: projectionCheck,
  k: projectionCheck,
  v: projectionCheck,
  qkv: object(linearChecks),
  output: projectionCheck,
  qNorm: normCheck,
  kNorm: normCheck,
  sinks: optionalTensor,
  latent: object<LatentProjections>({
    norm: required(normCheck),
    query: object<NonNullable<LatentProjections["query"]>>({ down: projectionCheck, norm: required(normCheck) }),
  }),
};

/** Checks of the settings. */
export const attentionShapeChecks: Checks<AttentionShape> = {
  heads: required(atLeastOne),
  kvHeads: required(atLeastOne),
  headWidth: required(atLeastOne),
  window: atLeastOne,
  scale: finite,
  cap: positive,
  ropeLayout: ropeLayoutCheck,
  gated: boolean,
};

/** Checks of the inputs other than x. */
export const attentionInputChecks: Checks<Omit<MaskedInputs, "x">> = {
  cache: object<LayerCache>({
    keys: tensorCheck,
    values: tensorCheck,
    kScale: optionalTensor,
    vScale: optionalTensor,
    layout: kvLayoutCheck,
    rotated: boolean,
  }),
  ropeTable: optionalTensor,
  place: required(
    object<{ step: unknown; apart: unknown; start: unknown }>({
      step: optionalTensor,
      apart: optionalTensor,
      start: size,
    }),
  ),
  visible: required(size),
  mask: maskCheck,
  dropout: callback,
  weightDropout: callback,
};

const inputFields = fieldsOf<MaskedInputs>({ ...attentionInputChecks, x: tensorCheck });
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
  return attend(gpu, name, inputs, weights, shape);
}

/**
 * As `attentionLayer`, with the steps around it in a block: x is normed first, and the result added to the residual
 * stream, in as few dispatches as the kernels allow.
 */
export function attend(
  gpu: Gpu,
  name: string,
  inputs: MaskedInputs,
  weights: AttentionWeights,
  shape: AttentionShape,
  surroundings?: Surroundings,
): Tensor {
  checkOptions("attentionLayer", inputFields, inputs);
  checkOptions("attentionLayer", weightFields, weights, "weights.");
  checkOptions("attentionLayer", shapeFields, shape);
  const { cache, ropeTable, place, visible } = inputs;
  if (!("step" in place || "start" in place)) {
    throw new OptionError("attentionLayer: inputs.place has neither step nor start, expected one of them");
  }
  const { heads, headWidth, window, scale, cap, ropeLayout = "halves" } = shape;
  const [b = 1, t = 1] = inputs.x.shape;
  const { q: fresh, k, v, gate } = projected(gpu, inputs.x, weights, shape, surroundings);
  const at = "step" in place ? { step: place.step } : {};
  const start = "start" in place ? { start: place.start } : {};
  const stored = cache && { keys: cache.keys, values: cache.values, kScale: cache.kScale, vScale: cache.vScale };
  const placed = cache && ownLayout(cache, b);
  let q = fresh;
  let keys = k;
  if (ropeTable && surroundings && stored && !cache?.rotated) {
    const [, tapped] = ["q", "k"].map((letter) => gpu.isTapped(`${name}.${letter}`));
    const both = appendRotated(
      gpu,
      { q, k, v, table: ropeTable, ...stored, ...at },
      { pairing: ropeLayout, ...start, ...placed, ...(tapped ? { variant: "chain" } : {}) },
    );
    q = both.q;
    tapProjections(gpu, name, { q, k: both.k, v });
  } else {
    const rotated = (x: Tensor) =>
      ropeTable ? rope(gpu, { x, table: ropeTable, ...at }, { layout: ropeLayout, ...start }).y : x;
    q = rotated(q);
    keys = rotated(k);
    tapProjections(gpu, name, { q, k: keys, v });
    const spread = (x: Tensor) => (cache?.rotated ? hadamard(gpu, { x }).y : x);
    q = spread(q);
    if (stored) appendKv(gpu, { k: spread(keys), v: spread(v), ...stored, ...at }, { ...start, ...placed });
  }
  const queries = cache ? queriesOf(q, cache, visible, place) : alone(q, keys, v);
  const { out } = tableAttention(
    gpu,
    { ...queries.tensors, sink: weights.sinks },
    {
      ...queries.placed,
      mask: inputs.mask ?? (window === undefined ? "causal" : { kind: "sliding-window", keys: window }),
      ...(cap === undefined ? {} : { score: { kind: "softcap", cap } }),
      scale: scale ?? 1 / Math.sqrt(headWidth),
      dropout: inputs.weightDropout,
      ...("start" in place ? { start: place.start, length: place.start + t } : {}),
      ...(cache ? {} : { lse: true }), // for the gradient
    },
  );
  const attended = transpose(out, [0, 2, 1, 3]);
  const back = cache?.rotated ? hadamard(gpu, { x: attended }).y : attended;
  const all = reshape(back, [b, t, heads * headWidth]);
  const joined = gate ? mul(gpu, { a: all, b: sigmoid(gpu, { x: gate }).y }).y : all;
  gpu.tap(`${name}.out`, joined);
  return surroundings
    ? project(gpu, joined, weights.output, { residual: surroundings.residual })
    : linear(gpu, joined, weights.output);
}

/** Names queries, keys and values; a view of a wider projection is copied where it is kept. */
export function tapProjections(
  gpu: Gpu,
  name: string,
  values: { readonly q: Tensor; readonly k: Tensor | undefined; readonly v: Tensor },
) {
  for (const [letter, value] of Object.entries(values)) {
    if (!value || !gpu.isTapped(`${name}.${letter}`)) continue;
    gpu.tap(`${name}.${letter}`, value.contiguous ? value : contiguous(gpu, { x: value }).y);
  }
}

/** Queries, keys and values `[b, t, heads, d]` before rotation, with their own norms. */
function projected(
  gpu: Gpu,
  x: Tensor,
  weights: AttentionWeights,
  { heads, kvHeads, headWidth, gated }: AttentionShape,
  surroundings: Surroundings | undefined,
): Readonly<Record<"q" | "k" | "v", Tensor>> & { readonly gate?: Tensor } {
  const [b = 1, t = 1] = x.shape;
  const split = (projected: Tensor, count: number) => reshape(projected, [b, t, count, headWidth]);
  const { qkv, qNorm, kNorm } = weights;
  if (surroundings && qkv && !qNorm && !kNorm) {
    const all = split(project(gpu, x, qkv, { norm: surroundings.norm }), heads + 2 * kvHeads);
    return {
      q: slice(all, 2, 0, heads),
      k: slice(all, 2, heads, heads + kvHeads),
      v: slice(all, 2, heads + kvHeads, heads + 2 * kvHeads),
    };
  }
  const input = surroundings?.norm ? norm(gpu, x, surroundings.norm) : x;
  const normed = (projected: Tensor, count: number, parameters: Norm | undefined) => {
    if (!parameters) return split(projected, count);
    const each = parameters.weight.size === headWidth;
    return each ? norm(gpu, split(projected, count), parameters) : split(norm(gpu, projected, parameters), count);
  };
  const queries = linear(gpu, input, weights.q);
  /** Half of each head's rows: its query, or its gate. */
  const half = (at: 0 | 1) => {
    const both = reshape(queries, [b, t, heads, 2 * headWidth]);
    const part = contiguous(gpu, { x: slice(both, 3, at * headWidth, (at + 1) * headWidth) }).y;
    return reshape(part, [b, t, heads * headWidth]);
  };
  return {
    ...(gated ? { gate: half(1) } : {}),
    q: normed(gated ? half(0) : queries, heads, qNorm),
    k: normed(linear(gpu, input, weights.k), kvHeads, kNorm),
    v: split(linear(gpu, input, weights.v), kvHeads),
  };
}

/**
 * The operands of attention without a cache: queries, keys and values `[b, t, …, d]` of one set of tokens, as `[b, …,
 * t, d]`.
 */
function alone(q: Tensor, k: Tensor, v: Tensor) {
  const [queries, keys, values] = [q, k, v].map((x) => transpose(x, [0, 2, 1, 3])) as [Tensor, Tensor, Tensor];
  return { tensors: { q: queries, k: keys, v: values }, placed: {} };
}

/**
 * The operands of attention with a cache: the queries of q `[b, t, h, d]` as `[b, h, t, d]` over a layer's cache, or,
 * where they attend separately, as batch rows `[t, h, 1, d]` over that of the one sequence, whose keys every row sees.
 */
export function queriesOf(q: Tensor, cache: LayerCache, visible: number, place: Place) {
  const apart = "step" in place ? place.apart : undefined;
  const { tensors, placed } = visibleCache(apart ? sharedCache(cache, q.shape[1] ?? 0) : cache, visible);
  const step = apart ?? ("step" in place ? place.step : undefined);
  return { tensors: { q: transpose(q, apart ? [1, 2, 0, 3] : [0, 2, 1, 3]), ...tensors, step }, placed };
}
