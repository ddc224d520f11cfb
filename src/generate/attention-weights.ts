import { mebibytes } from "../options/bytes.ts";
import { boolean, checkOptions, fieldsOf, having, integer } from "../options/checks.ts";
import { OptionError } from "../options/errors.ts";
import { placed, type Tensor } from "../tensor/tensor.ts";
import { type KeysOfLayer, keysOfLayer } from "./layer-keys.ts";
import type { SequenceState } from "./sequence-state.ts";

/** Which attention. */
export interface TokenAttentionOptions {
  /** Of the query: an index into the tokens; default the last. */
  readonly position?: number | undefined;
  /** Default: the mean over all layers. */
  readonly layer?: number | undefined;
  /** Default: the mean over all heads. */
  readonly head?: number | undefined;
  /** True also gives the weights of each of these heads, of which there may be 32 MiB. */
  readonly perHead?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How much one position attends to itself and to those before it. */
export interface TokenAttention {
  readonly layers: number;
  readonly heads: number;
  /** By position, from 0 to the query's. Their sum is 1, or less where the model has sinks. */
  readonly weights: Float32Array<ArrayBuffer>;
  /**
   * Where `perHead` is set, the weights of each head, of which `weights` is the mean: row-major
   * `[layers, heads, position + 1]`, or of the one layer or head that was asked for.
   */
  readonly perHead?: Float32Array<ArrayBuffer>;
}

/** Most bytes of keys that are read at a time: a group of layers after the other. */
const mostKept = 64 << 20;

/** Most bytes of the weights of each head. */
const mostPerHead = 32 << 20;

const signal = having("aborted", "an AbortSignal");

/** Throws `OptionError` for a position, layer or head that there is not. */
export function checkAttention(
  options: TokenAttentionOptions,
  { tokens, layers, heads }: { readonly tokens: number; readonly layers: number; readonly heads: number },
): void {
  const index = (count: number) => integer(0, count - 1);
  const fields = { position: index(tokens), layer: index(layers), head: index(heads), perHead: boolean, signal };
  if (tokens === 0) throw new OptionError("attentionWeights: there are no tokens");
  checkOptions("attentionWeights", fieldsOf<TokenAttentionOptions>(fields), options);
  const { position = tokens - 1, layer, head, perHead } = options;
  const bytes = 4 * (layer === undefined ? layers : 1) * (head === undefined ? heads : 1) * (position + 1);
  if (!perHead || bytes <= mostPerHead) return;
  throw new OptionError(
    `attentionWeights: perHead takes ${mebibytes(bytes)}, expected ${mebibytes(mostPerHead)}; ask for one layer or head`,
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
  const ids = tokens.slice(0, position + 1); // what comes after has no part in it
  const heads = head === undefined ? Array.from({ length: config.heads }, (_, h) => h) : [head];
  const layers = layer === undefined ? Array.from({ length: config.layers }, (_, l) => l) : [layer];
  const keyBytes = 8 * ids.length * config.kvHeads * config.headWidth;
  const together = Math.max(1, Math.floor(mostKept / keyBytes));
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
  const all = { layers: config.layers, heads: config.heads, weights: Float32Array.from(mean) };
  return each ? { ...all, perHead: each } : all;
}

/** Of some layers, the last token's query `[h, d]`, and the keys of all tokens, chunk by chunk. */
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

/** The weights of one head: zero where the window ends, and less than one together where there is a sink. */
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
