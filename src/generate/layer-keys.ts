import type { Decoder } from "../models/decoder.ts";

/** The query of one token, and the keys of those up to it, in one layer. */
export interface KeysOfLayer {
  readonly query: (head: number) => Float64Array;
  /** The key that a query head is multiplied with. */
  readonly key: (head: number, position: number) => Float64Array;
  readonly length: number;
  readonly scale: number;
  /** The soft cap of scores; undefined: none. */
  readonly cap: number | undefined;
  /** Tokens that a query sees, itself included; undefined: all. */
  readonly window: number | undefined;
  /** A score of each head that takes a share of the weights without a value. */
  readonly sinks: Float64Array | undefined;
}

/**
 * Queries and keys of a layer as its heads see them: `q` is `[h, d]`, `k` `[t, g, d]` in chunks, or with latent attention
 * `[t, rank + rope]`.
 */
export async function keysOfLayer(
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
  // The absorbed form: a head's query is multiplied by its weight, and meets the latents (DeepSeek-V2, section 2.1.2).
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
