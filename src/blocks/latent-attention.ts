import type { Gpu } from "../gpu/gpu.ts";
import { type AttentionMask, type AttentionResult, tableAttention } from "../kernels/attention/attention.ts";
import { maskCheck } from "../kernels/attention/masks/mask.ts";
import { makeMods } from "../kernels/attention/records/made-mods.ts";
import type { WeightDropout } from "../kernels/attention/records/mod.ts";
import { checkCall, tensorFields } from "../kernels/define/arguments.ts";
import { cast } from "../kernels/elementwise/cast.ts";
import type { CacheFormat } from "../kernels/formats/formats.ts";
import { appendKv } from "../kernels/kv-cache/append.ts";
import { type KvLayout, kvLayoutCheck, layoutName } from "../kernels/kv-cache/layouts.ts";
import { cacheStorage } from "../kernels/kv-cache/storage.ts";
import { concat } from "../kernels/layout/concat.ts";
import { contiguous } from "../kernels/layout/contiguous.ts";
import { headMatmul } from "../kernels/matmul/heads.ts";
import { rope } from "../kernels/rope/rope.ts";
import { boolean, callback, fieldsOf, finite, integer, oneOf, required } from "../options/checks.ts";
import { OptionError } from "../options/errors.ts";
import { perWord } from "../tensor/formats/formats.ts";
import { formatShape, ShapeError } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { reshape, slice, transpose } from "../tensor/views.ts";
import { type AttentionShape, type AttentionWeights, type MaskedInputs, queriesOf } from "./attention.ts";
import { ownLayout } from "./kv-cache/cache.ts";
import { type HeadRows, type Linear, linear } from "./linear.ts";
import { norm } from "./norm.ts";

/** The tensors of latent attention. */
export interface LatentTensors {
  /** Queries `[b, h, t, nope + rope]`, with the last rope elements rotated. */
  readonly q: Tensor;
  /**
   * The cache `[b, s, rank + rope]`, or `[pages, page, rank + rope]`, f32 or f16: each token's normed latent, followed
   * by the rotated key that all heads share.
   */
  readonly latents: Tensor;
  /**
   * Projection from latents to keys and values, `[h · (nope + dv), rank]`: each head's keys before its values
   * (`kv_b_proj`).
   */
  readonly weight: Tensor;
  /** Position and length of each batch row, u32 `[64, 4]`. */
  readonly step?: Tensor | undefined;
}

/** Options of latent attention. */
export interface LatentOptions {
  /**
   * `expanded` first computes keys and values of every head from the latents: fewer operations for many queries.
   * `absorbed` multiplies queries and outputs by the weight instead, so that all heads attend over the latents, which
   * are the keys and, without their last elements, the values: it reads nothing larger than the cache. Default:
   * absorbed for up to eight queries, and where latents are not contiguous, as the expanded form requires.
   */
  readonly form?: "expanded" | "absorbed";
  /** Width of the rotated part of a head. */
  readonly rope: number;
  readonly mask?: AttentionMask | undefined;
  /** Layout of the latents; default contiguous. */
  readonly layout?: KvLayout;
  /** Factor of the scores; default `1 / √(nope + rope)`. */
  readonly scale?: number;
  readonly start?: number;
  readonly length?: number;
  readonly lse?: boolean;
  /** Dropout of the weights, for training; by default none. */
  readonly dropout?: WeightDropout | undefined;
}

const inputs = tensorFields("q", "latents", "weight", "step?");
const fields = fieldsOf<LatentOptions>({
  form: oneOf("expanded", "absorbed"),
  rope: required(integer(0, 2 ** 30)),
  mask: maskCheck,
  layout: kvLayoutCheck,
  scale: finite,
  start: integer(1 - 2 ** 30, 2 ** 30 - 1),
  length: integer(0, 2 ** 30),
  lse: boolean,
  dropout: callback,
});

/** Sizes implied by the tensors' shapes. */
interface LatentSizes {
  readonly b: number;
  readonly h: number;
  readonly t: number;
  readonly s: number;
  readonly rank: number;
  readonly rope: number;
  readonly nope: number;
  readonly dv: number;
}

/**
 * Multi-head latent attention: keys and values of all heads come from one low-rank latent per token, and only that is
 * cached (DeepSeek-V2, DeepSeek-AI 2024, section 2.1). With absorbed weights it is multi-query attention of width rank
 * + rope (576) over values that are a view of the keys (512). Returns out `[b, h, t, dv]`, and lse on request; both
 * forms agree to rounding. Throws `ShapeError` for shapes that do not fit.
 */
export function latentAttention(gpu: Gpu, tensors: LatentTensors, options: LatentOptions): AttentionResult {
  checkCall("latentAttention", inputs, tensors, fields, options);
  makeMods(options);
  return attendLatents(gpu, tensors, options);
}

/** The tensors, and the adapter of the weight. */
type Adapted = LatentTensors & Pick<Linear, "adapter">;

function attendLatents(gpu: Gpu, tensors: Adapted, options: LatentOptions): AttentionResult {
  const sizes = sizesOf(tensors, options);
  const { layout = "contiguous" } = options;
  const expands = layout === "contiguous" && sizes.t > 8;
  const { form = expands ? "expanded" : "absorbed", rope: _, ...rest } = options;
  if (form === "expanded" && layout !== "contiguous") {
    throw new ShapeError(
      `latentAttention: the layout is ${layoutName(layout)}, expected contiguous for the expanded form`,
    );
  }
  const given = { ...rest, scale: options.scale ?? 1 / Math.sqrt(sizes.nope + sizes.rope) };
  using scope = gpu.scope();
  const run = form === "absorbed" ? absorbed : expanded;
  const { out, lse } = run(gpu, tensors, sizes, given);
  return lse ? { out: scope.keep(out), lse: scope.keep(lse) } : { out: scope.keep(out) };
}

type Given = Omit<LatentOptions, "form" | "rope">;

function expanded(
  gpu: Gpu,
  { q, latents, step, ...projection }: Adapted,
  sizes: LatentSizes,
  given: Given,
): AttentionResult {
  const { b, h, s, rank, rope, nope, dv } = sizes;
  const all = latents.dtype === "f32" ? latents : cast(gpu, { x: latents }, { dtype: "f32" }).y;
  const latent = contiguous(gpu, { x: slice(all, 2, 0, rank) }).y;
  const up = reshape(linear(gpu, latent, projection), [b, s, h, nope + dv]);
  const own = slice(up, 3, 0, nope);
  const shared = transpose(repeated(slice(all, 2, rank, rank + rope), h), [0, 2, 1, 3]);
  const k = concat(gpu, [own, shared], 3);
  const v = slice(up, 3, nope, nope + dv);
  return tableAttention(gpu, { q, k: transpose(k, [0, 2, 1, 3]), v: transpose(v, [0, 2, 1, 3]), step }, given);
}

function absorbed(
  gpu: Gpu,
  { q, latents, weight, step, adapter }: Adapted,
  sizes: LatentSizes,
  given: Given,
): AttentionResult {
  const { b, h, t, rank, rope, nope, dv } = sizes;
  const heads = reshape(weight, [h, nope + dv, rank]);
  const product = (x: Tensor, rows: HeadRows) => {
    const part = slice(heads, 1, rows.begin, rows.end);
    const { y } = headMatmul(gpu, { x, weight: rows.transposed ? transpose(part) : part });
    if (!adapter) return y;
    if (!adapter.ofHeads) throw new TypeError("latentAttention: the weight's adapter has no ofHeads");
    return adapter.ofHeads(gpu, x, y, rows);
  };
  const tokens = contiguous(gpu, { x: transpose(q, [0, 2, 1, 3]) }).y; // [b, t, h, nope + rope]
  const rows = reshape(tokens, [b * t, h, nope + rope]);
  const query = product(slice(rows, 2, 0, nope), { heads: h, begin: 0, end: nope, transposed: true });
  const both = concat(gpu, [query, slice(rows, 2, nope, nope + rope)], 2);
  const k = repeated(latents, 1);
  const { out, lse } = tableAttention(
    gpu,
    { q: transpose(reshape(both, [b, t, h, rank + rope]), [0, 2, 1, 3]), k, v: slice(k, 3, 0, rank), step },
    given,
  );
  const accumulated = reshape(transpose(out, [0, 2, 1, 3]), [b * t, h, rank]);
  const y = product(accumulated, { heads: h, begin: nope, end: nope + dv });
  const result = transpose(reshape(y, [b, t, h, dv]), [0, 2, 1, 3]);
  return lse ? { out: result, lse } : { out: result };
}

/** A view `[b, h, s, d]` in which every head is the same `[b, s, d]`; nothing is copied. */
function repeated(x: Tensor, h: number): Tensor {
  const [b = 0, s = 0, d = 0] = x.shape;
  const [batch = 0, token = 0, column = 1] = x.strides;
  return new Tensor(x.gpu, [b, h, s, d], x.dtype, x.segments, [batch, 0, token, column], x.offset);
}

function sizesOf({ q, latents, weight }: LatentTensors, { rope, layout }: LatentOptions): LatentSizes {
  const [b = 0, h = 0, t = 0, d = 0] = q.shape;
  const [rows = 0, s = 0, width = 0] = latents.shape;
  const [outputs = 0, rank = 0] = weight.shape;
  const nope = d - rope;
  const dv = outputs / h - nope;
  const fits =
    q.shape.length === 4 &&
    latents.shape.length === 3 &&
    weight.shape.length === 2 &&
    (rows === b || (layout !== undefined && layoutName(layout) === "paged")) &&
    rope > 0 &&
    nope > 0 &&
    width === rank + rope &&
    Number.isInteger(dv) &&
    dv > 0;
  if (!fits) {
    throw new ShapeError(
      `latentAttention: q is ${formatShape(q.shape)}, latents ${formatShape(latents.shape)}, weight ` +
        `${formatShape(weight.shape)} with rope = ${rope}, expected [b, h, t, nope + rope], [b, s, rank + rope], ` +
        "[h · (nope + dv), rank]",
    );
  }
  return { b, h, t, s, rank, rope, nope, dv };
}

/**
 * Widths of a cache of latents: a token's key is all of it. Appending requires values too, so these have the minimum
 * width of one word, which nothing reads.
 */
export const latentCacheWidths = (rank: number, rope: number, dtype: CacheFormat = "f32") => ({
  headWidth: rank + rope,
  valueWidth: perWord(cacheStorage[dtype].dtype),
});

/**
 * A layer of causal latent attention with a cache of latents: project down, norm, rotate the last part of queries and
 * keys, store, attend, project (DeepSeek-V2, section 2.1). The cache's keys are `[b, 1, s, rank + rope]`, of floats.
 * Without a cache the latents are those of x alone, in the expanded form, which has a gradient. Returns `[b, t, c]`.
 */
export function latentAttentionLayer(
  gpu: Gpu,
  name: string,
  { x, cache, ropeTable, place, visible, mask, weightDropout: dropout }: MaskedInputs,
  weights: AttentionWeights,
  { heads, headWidth, scale, ropeLayout = "interleaved" }: AttentionShape,
): Tensor {
  const [b = 1, t = 1] = x.shape;
  const { latent, v } = weights;
  if (!latent) throw new TypeError(`${name}: the weights have no \`latent\`, which latent attention requires`);
  const [outputs = 0, rank = 0] = v.weight.shape;
  const width = weights.k.weight.shape[0] ?? 0;
  const nope = headWidth - (width - rank);
  const at = "step" in place ? { step: place.step } : {};
  const start = "start" in place ? { start: place.start } : {};
  const rotated = (part: Tensor) =>
    ropeTable ? rope(gpu, { x: part, table: ropeTable, ...at }, { layout: ropeLayout, ...start }).y : part;
  const { query } = latent;
  const from = query ? norm(gpu, linear(gpu, x, query.down), query.norm) : x;
  const queries = reshape(linear(gpu, from, weights.q), [b, t, heads, headWidth]);
  const q = concat(gpu, [slice(queries, 3, 0, nope), rotated(slice(queries, 3, nope, headWidth))], 3);
  const down = reshape(linear(gpu, x, weights.k), [b, t, 1, width]);
  const normed = norm(gpu, contiguous(gpu, { x: slice(down, 3, 0, rank) }).y, latent.norm);
  const entry = concat(gpu, [normed, rotated(slice(down, 3, rank, width))], 3);
  gpu.tap(`${name}.q`, q);
  gpu.tap(`${name}.latent`, entry);
  const end = "start" in place ? { start: place.start, length: place.start + t } : {};
  const joined = (out: Tensor) => {
    const rows = reshape(transpose(out, [0, 2, 1, 3]), [b, t, outputs - heads * nope]);
    gpu.tap(`${name}.out`, rows);
    return linear(gpu, rows, weights.output);
  };
  const factor = scale === undefined ? {} : { scale };
  if (!cache) {
    const latents = reshape(entry, [b, t, width]);
    const training = { form: "expanded", mask, dropout, rope: width - rank, lse: true, ...factor, ...end } as const;
    return joined(attendLatents(gpu, { q: transpose(q, [0, 2, 1, 3]), latents, ...v }, training).out);
  }
  const { keys, values, rotated: spread } = cache;
  if (spread) throw new OptionError("latentAttentionLayer: inputs.cache is rotated, expected latents as they are");
  appendKv(
    gpu,
    { k: entry, v: slice(entry, 3, 0, values.shape[3] ?? 0), keys, values, ...at },
    { ...start, ...ownLayout(cache, b) },
  );
  const { tensors, placed } = queriesOf(q, cache, visible, place);
  const { k: stored, step } = tensors;
  const [rows = 0, , slots = 0] = stored.shape;
  const [row = 0, , slot = 0] = stored.strides;
  const latents = new Tensor(gpu, [rows, slots, width], stored.dtype, stored.segments, [row, slot, 1], stored.offset);
  // Keys and values of all heads grow with the prompt; where they do not fit one binding, the absorbed form is used.
  const expandedBytes = 4 * b * visible * Math.max(outputs, heads * headWidth);
  const fits = expandedBytes <= Math.min(gpu.limits.binding, gpu.limits.buffer);
  const { out } = attendLatents(
    gpu,
    { q: tensors.q, latents, ...v, step },
    {
      ...(fits ? {} : { form: "absorbed" }),
      ...factor,
      ...end,
      ...placed,
      rope: width - rank,
    },
  );
  return joined(out);
}
