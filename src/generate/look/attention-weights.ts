import { layersWith } from "../../models/decoders/config.ts";
import type { Decoder } from "../../models/decoders/decoder.ts";
import { mebibytes } from "../../options/bytes.ts";
import { boolean, checkOptions, fieldsOf, having, integer } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import { placed, type Tensor } from "../../tensor/tensor.ts";
import type { SequenceState } from "../session/sequence-state.ts";

/** Which attention. */
export interface TokenAttentionOptions {
  /** Of the query: an index into the tokens; default the last. */
  readonly position?: number | undefined;
  /** Of those with attention, from 0; default: the mean over all of them. */
  readonly layer?: number | undefined;
  /** Default: the mean over all heads. */
  readonly head?: number | undefined;
  /** True also returns the weights of each of these heads, at most 32 MiB of them. */
  readonly perHead?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How much one position attends to itself and to those before it. */
export interface TokenAttention {
  /** Layers with attention. */
  readonly layers: number;
  readonly heads: number;
  /** By position, from 0 to the query's. Their sum is 1, or less where the model has sinks. */
  readonly weights: Float32Array<ArrayBuffer>;
  /**
   * With `perHead`, the weights of each head, whose mean is `weights`: row-major `[layers, heads, position + 1]`, or
   * only of the requested layer or head.
   */
  readonly perHead?: Float32Array<ArrayBuffer>;
}

/** Maximum bytes of keys read at a time, one group of layers after another. */
const maxKeyBytes = 64 << 20;

/** Maximum bytes of the weights of each head. */
const maxPerHead = 32 << 20;

const signal = having("aborted", "an AbortSignal");

/** Throws `OptionError` for a position, layer or head that does not exist. */
export function checkAttention(
  options: TokenAttentionOptions,
  { tokens, layers, heads }: { readonly tokens: number; readonly layers: number; readonly heads: number },
): void {
  const index = (count: number) => integer(0, count - 1);
  const fields = { position: index(tokens), layer: index(layers), head: index(heads), perHead: boolean, signal };
  if (layers === 0) throw new OptionError("attentionWeights: no layer of the model has attention");
  if (tokens === 0) throw new OptionError("attentionWeights: there are no tokens");
  checkOptions("attentionWeights", fieldsOf<TokenAttentionOptions>(fields), options);
  const { position = tokens - 1, layer, head, perHead } = options;
  const bytes = 4 * (layer === undefined ? layers : 1) * (head === undefined ? heads : 1) * (position + 1);
  if (!perHead || bytes <= maxPerHead) return;
  throw new OptionError(
    `attentionWeights: perHead takes ${mebibytes(bytes)}, expected ${mebibytes(maxPerHead)}; ask for one layer or head`,
  );
}

/**
 * The weights of one query's attention, from the queries and keys that a prefill computes: softmax of their scaled
 * products (Vaswani et al. 2017, section 3.2.1). Overwrites row 0 of the state.
 */
export async function attentionWeights(
  state: SequenceState,
  tokens: readonly number[],
  { position = tokens.length - 1, layer, head, perHead = false, signal }: TokenAttentionOptions,
): Promise<TokenAttention> {
  using _use = state.use();
  const { decoder } = state.programs;
  const { config } = decoder;
  const ids = tokens.slice(0, position + 1); // later tokens do not matter
  const heads = head === undefined ? Array.from({ length: config.heads }, (_, h) => h) : [head];
  const attending = layersWith(config, "attention");
  const layers = layer === undefined ? attending : attending.slice(layer, layer + 1);
  const keyBytes = 8 * ids.length * config.kvHeads * config.headWidth;
  const together = Math.max(1, Math.floor(maxKeyBytes / keyBytes));
  const mean = new Float64Array(ids.length);
  const each = perHead ? new Float32Array(layers.length * heads.length * ids.length) : undefined;
  let row = 0;
  for (let begin = 0; begin < layers.length; begin += together) {
    const group = layers.slice(begin, begin + together);
    const tapped = await queriesAndKeys(state, ids, group, signal);
    for (const one of group) {
      const { q = new Float64Array(), k = [] } = tapped.get(one) ?? {};
      const keys = await keysOfLayer(decoder, one, q, k);
      for (const h of heads) {
        const weights = softmaxOf(keys, h);
        each?.set(weights, ids.length * row++);
        for (const [i, weight] of weights.entries()) {
          mean[i] = (mean[i] ?? 0) + weight / (heads.length * layers.length);
        }
      }
    }
  }
  const all = { layers: attending.length, heads: config.heads, weights: Float32Array.from(mean) };
  return each ? { ...all, perHead: each } : all;
}

/** For some layers, the last token's query `[h, d]`, and the keys of all tokens, chunk by chunk. */
async function queriesAndKeys(
  state: SequenceState,
  ids: readonly number[],
  layers: readonly number[],
  signal: AbortSignal | undefined,
): Promise<Map<number, { q?: Float64Array; k: Float64Array[] }>> {
  const found = new Map(layers.map((layer) => [layer, { k: [] } as { q?: Float64Array; k: Float64Array[] }]));
  const named = /^layer\.(\d+)\.attention\.(q|k|latent)$/;
  const taps = (name: string) => found.has(Number(named.exec(name)?.[1] ?? -1));
  for (let at = 0; at < ids.length; ) {
    signal?.throwIfAborted();
    const t = state.chunkOf(ids.length - at);
    await state.chunk(ids.slice(at, at + t), at, { taps }, async (instance, { program }) => {
      instance.run();
      for (const [name, holder] of program.taps) {
        const [, layer, which] = named.exec(name) ?? [];
        const own = found.get(Number(layer));
        if (!own || (which === "q" && at + t < ids.length)) continue;
        const values = await placed(instance, holder as Tensor).read();
        if (which === "q") own.q = values.slice(-values.length / t);
        else own.k.push(values);
      }
    });
    at += t;
  }
  return found;
}

/** The weights of one head: zero beyond the window, with a sum below one if there is a sink. */
function softmaxOf({ query, key, length, scale, cap, window, sinks }: KeysOfLayer, head: number): Float64Array {
  const first = window === undefined ? 0 : Math.max(0, length - window);
  const q = query(head);
  const scores = new Float64Array(length).fill(Number.NEGATIVE_INFINITY);
  for (let s = first; s < length; s++) {
    const k = key(head, s);
    const score = scale * q.reduce((sum, value, i) => sum + value * (k[i] ?? 0), 0);
    scores[s] = cap === undefined ? score : cap * Math.tanh(score / cap);
  }
  const sink = sinks?.[head] ?? Number.NEGATIVE_INFINITY;
  const most = scores.reduce((a, b) => Math.max(a, b), sink);
  const weights = scores.map((score) => Math.exp(score - most));
  const sum = weights.reduce((a, b) => a + b, Math.exp(sink - most));
  return weights.map((weight) => weight / sum);
}

/** The query of one token, and the keys up to it, in one layer. */
interface KeysOfLayer {
  readonly query: (head: number) => Float64Array;
  /** The key head of a query head. */
  readonly key: (head: number, position: number) => Float64Array;
  readonly length: number;
  readonly scale: number;
  /** The soft cap of scores; undefined: none. */
  readonly cap: number | undefined;
  /** Tokens that a query sees, itself included; undefined: all. */
  readonly window: number | undefined;
  /** A score per head that takes a share of the weights without a value. */
  readonly sinks: Float64Array | undefined;
}

/**
 * Queries and keys of a layer, per head: `q` is `[h, d]`, `k` `[t, g, d]` in chunks, or with latent attention
 * `[t, rank + rope]`.
 */
async function keysOfLayer(
  { config, weights }: Decoder,
  layer: number,
  q: Float64Array,
  k: readonly Float64Array[],
): Promise<KeysOfLayer> {
  const { heads, headWidth, windows, latent } = config;
  const { attention } = weights.blocks[layer] ?? {};
  const common = {
    scale: config.scales?.[layer] ?? 1 / Math.sqrt(headWidth),
    cap: config.scoreCap,
    window: windows[layer],
    sinks: await attention?.sinks?.read(),
  };
  if (!latent) {
    const width = config.kvHeads * headWidth;
    const tokens = k.flatMap((chunk) => rowsOf(chunk, width));
    const shared = heads / config.kvHeads;
    const key = (head: number, position: number) => part(tokens[position], Math.floor(head / shared), headWidth);
    return { ...common, query: (head) => part(q, head, headWidth), key, length: tokens.length };
  }
  // The absorbed form: a head's query is multiplied by its weight and compared with the latents (DeepSeek-V2, section
  // 2.1.2).
  const { rank, nope, valueWidth } = latent;
  const up = (await attention?.v.weight.read()) ?? new Float64Array(); // [h · (nope + valueWidth), rank]
  const absorbed = (head: number) => {
    const own = part(q, head, headWidth);
    const query = new Float64Array(rank + headWidth - nope);
    for (let i = 0; i < nope; i++) {
      const row = part(up, head * (nope + valueWidth) + i, rank);
      for (const [j, weight] of row.entries()) query[j] = (query[j] ?? 0) + (own[i] ?? 0) * weight;
    }
    query.set(own.subarray(nope), rank);
    return query;
  };
  const tokens = k.flatMap((chunk) => rowsOf(chunk, rank + headWidth - nope));
  return { ...common, query: absorbed, key: (_, position) => tokens[position] ?? q, length: tokens.length };
}

const part = (values: Float64Array | undefined, index: number, width: number): Float64Array =>
  values?.subarray(index * width, (index + 1) * width) ?? new Float64Array();

const rowsOf = (values: Float64Array, width: number): Float64Array[] =>
  Array.from({ length: values.length / width }, (_, i) => part(values, i, width));
