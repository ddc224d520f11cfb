import { type FieldReader, flag, integer, optional, positive, text } from "../../formats/json/fields.ts";
import { activationOf } from "../config-fields.ts";
import type { FeedForwardSources, WeightSource } from "../decoders/family.ts";
import type { EncoderLayerSources } from "../encoders/family.ts";
import type { EncoderDecoderConfig } from "./config.ts";
import {
  type DecoderLayerSources,
  type EncoderDecoderFamily,
  type EncoderDecoderSources,
  stackOpposites,
} from "./family.ts";

const fields = {
  vocab_size: integer(1, 1 << 24),
  d_model: integer(1, 1 << 20),
  d_kv: integer(1, 1 << 16),
  d_ff: integer(1, 1 << 22),
  num_layers: integer(1, 1 << 12),
  num_decoder_layers: optional(integer(1, 1 << 12)),
  num_heads: integer(1, 1 << 16),
  relative_attention_num_buckets: optional(integer(4, 1 << 12), 32),
  relative_attention_max_distance: optional(integer(2, 32_767), 128),
  layer_norm_epsilon: optional(positive(1), 1e-6),
  feed_forward_proj: optional(text, "relu"),
  tie_word_embeddings: optional(flag, true),
  decoder_start_token_id: optional(integer(0)),
  eos_token_id: optional(integer(0), 1),
  pad_token_id: optional(integer(0), 0),
};

/** Values of `feed_forward_proj`; with `gated-` in front, `gelu` is the tanh form. */
const forms: Readonly<Record<string, Pick<EncoderDecoderConfig, "activation" | "gated">>> = {
  relu: { activation: "relu", gated: false },
  gelu: { activation: "gelu", gated: false },
  gelu_new: { activation: "gelu-tanh", gated: false },
  silu: { activation: activationOf("silu"), gated: false },
  "gated-gelu": { activation: "gelu-tanh", gated: true },
  "gated-silu": { activation: activationOf("silu"), gated: true },
};

/**
 * T5 (Raffel et al. 2019) and its successors: 1.0 with ReLU and a tied head, 1.1, Flan-T5 and mT5 with gated GELU and a
 * separate head. RMS norms before sublayers, no biases, unscaled scores.
 */
function read(config: FieldReader, architecture: string): EncoderDecoderConfig {
  const given = config.read(fields);
  const { num_layers: layers, num_decoder_layers: own = layers, num_heads: heads, d_ff: hidden, d_kv, d_model } = given;
  const form = Object.hasOwn(forms, given.feed_forward_proj) ? forms[given.feed_forward_proj] : undefined;
  if (!form) {
    const known = Object.keys(forms).join(", ");
    return config.fail("feed_forward_proj", `is ${JSON.stringify(given.feed_forward_proj)}, known are ${known}`);
  }
  if (d_kv % 4 !== 0) config.fail("d_kv", `is ${d_kv}, expected a multiple of 4: kernels read four elements at once`);
  const { relative_attention_num_buckets: buckets, relative_attention_max_distance: farthest } = given;
  if (buckets % 4 !== 0) config.fail("relative_attention_num_buckets", `is ${buckets}, expected a multiple of 4`);
  if (farthest <= buckets / 2) {
    config.fail("relative_attention_max_distance", `is ${farthest}, expected more than half of ${buckets} buckets`);
  }
  const stack = { heads, headWidth: d_kv, hidden, positions: { kind: "buckets", buckets, farthest } } as const;
  const { tie_word_embeddings: tied, vocab_size: vocabulary } = given;
  return {
    architecture,
    vocabulary,
    sourceVocabulary: vocabulary,
    width: d_model,
    encoder: { ...stack, layers },
    decoder: { ...stack, layers: own },
    layers: layers + own,
    norm: "rms",
    eps: given.layer_norm_epsilon,
    norms: "pre",
    ...form,
    scoreScale: 1,
    ...(tied && { headScale: d_model ** -0.5 }),
    tied,
    start: given.decoder_start_token_id ?? given.pad_token_id,
    end: given.eos_token_id,
    pad: given.pad_token_id,
  };
}

/** The embedding's name: that of both stacks, or of one if only that is stored. */
const embeddingOf = (has: (name: string) => boolean) =>
  ["shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight"].find(has) ?? "shared.weight";

function outer(config: EncoderDecoderConfig, has: (name: string) => boolean): EncoderDecoderSources {
  const { vocabulary, width, tied } = config;
  const stack = (name: "encoder" | "decoder") => {
    const { heads, positions } = config[name];
    const buckets = positions.kind === "buckets" ? positions.buckets : 0;
    return {
      relativeBias: {
        name: `${name}.block.0.layer.0.SelfAttention.relative_attention_bias.weight`,
        shape: [buckets, heads],
      },
      finalNorm: { name: `${name}.final_layer_norm.weight`, shape: [width] },
    };
  };
  return {
    embedding: { name: embeddingOf(has), shape: [vocabulary, width] },
    encoder: stack("encoder"),
    decoder: stack("decoder"),
    ...(!tied && { head: { name: "lm_head.weight", shape: [vocabulary, width] } }),
  };
}

/** Names of the projections of an attention layer. */
function attention({ width, encoder: { heads, headWidth } }: EncoderDecoderConfig, name: string) {
  const inner = heads * headWidth;
  const matrix = (part: string, shape: readonly number[]): WeightSource => ({ name: `${name}.${part}.weight`, shape });
  const [q, k, v] = ["q", "k", "v"].map((part) => matrix(part, [inner, width])) as [
    WeightSource,
    WeightSource,
    WeightSource,
  ];
  return { q, k, v, output: matrix("o", [width, inner]) };
}

function feedForward({ width, encoder: { hidden }, gated }: EncoderDecoderConfig, name: string): FeedForwardSources {
  const up = (part: string): WeightSource => ({ name: `${name}.${part}.weight`, shape: [hidden, width] });
  const down: WeightSource = { name: `${name}.wo.weight`, shape: [width, hidden] };
  return gated ? { gate: up("wi_0"), up: up("wi_1"), down } : { up: up("wi"), down };
}

const norm = ({ width }: EncoderDecoderConfig, name: string): WeightSource => ({
  name: `${name}.layer_norm.weight`,
  shape: [width],
});

function encoderLayer(config: EncoderDecoderConfig, layer: number): EncoderLayerSources {
  const at = `encoder.block.${layer}.layer`;
  return {
    attentionNorm: norm(config, `${at}.0`),
    ...attention(config, `${at}.0.SelfAttention`),
    feedForwardNorm: norm(config, `${at}.1`),
    feedForward: feedForward(config, `${at}.1.DenseReluDense`),
  };
}

function decoderLayer(config: EncoderDecoderConfig, layer: number): DecoderLayerSources {
  const at = `decoder.block.${layer}.layer`;
  return {
    attentionNorm: norm(config, `${at}.0`),
    ...attention(config, `${at}.0.SelfAttention`),
    cross: { norm: norm(config, `${at}.1`), ...attention(config, `${at}.1.EncDecAttention`) },
    feedForwardNorm: norm(config, `${at}.2`),
    feedForward: feedForward(config, `${at}.2.DenseReluDense`),
  };
}

export const t5: EncoderDecoderFamily = {
  modelTypes: ["t5", "mt5"],
  read,
  outer,
  encoderLayer,
  decoderLayer,
  opposites: stackOpposites("num_layers", "num_decoder_layers"),
  // Copies of the embedding, and a table of the first version that cross-attention never read.
  extras: ({ tied }) => [
    /^(encoder|decoder)\.embed_tokens\.weight$/,
    /^decoder\.block\.0\.layer\.1\.EncDecAttention\.relative_attention_bias\.weight$/,
    ...(tied ? [/^lm_head\.weight$/] : []),
  ],
};
