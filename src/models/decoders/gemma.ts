import { choice, type FieldReader, flag, integer, optional, positive, unsupported } from "../../formats/json/fields.ts";
import { decode, encode } from "../../tensor/dtype.ts";
import { activationName, activationOf, checkHeads, layerTypes, windowsOf } from "../config-fields.ts";
import type { DecoderConfig } from "./config.ts";
import { type Family, type LayerSources, type OuterSources, prefixFor, type WeightSource } from "./family.ts";
import { layersAndHead } from "./llama.ts";
import { readRope } from "./rope.ts";

/** What differs between the versions. */
interface Version {
  readonly theta: number;
  /** Layers whose number, counted from 1, is a multiple of this see all tokens; the others have a window. */
  readonly period: number;
  readonly context: number;
  /** Default soft caps of scores and logits; unset: no soft-capping. */
  readonly caps: { readonly scores?: number; readonly logits?: number };
  /** Layers with a window have their own rotary frequencies, and queries and keys of each head are normed. */
  readonly third?: boolean;
}

const versions: Readonly<Record<string, Version>> = {
  Gemma2ForCausalLM: { theta: 1e4, period: 2, context: 8192, caps: { scores: 50, logits: 30 } },
  Gemma3ForCausalLM: { theta: 1e6, period: 6, context: 131072, caps: {}, third: true },
};

function versionOf(architecture: string): Version {
  const version = versions[architecture];
  if (!version) throw new TypeError(`${architecture} is no Gemma`);
  return version;
}

/** The type of the activations that a model was trained with, which its factor of embeddings is rounded to. */
const trainedTypes = { float32: "f32", float16: "f16", bfloat16: "bf16" } as const;

const fieldsOf = ({ context, period }: Version) => ({
  vocab_size: integer(1, 1 << 24),
  hidden_size: integer(1, 1 << 20),
  intermediate_size: integer(1, 1 << 22),
  num_hidden_layers: integer(1, 1 << 12),
  num_attention_heads: integer(1, 1 << 16),
  num_key_value_heads: optional(integer(1, 1 << 16)),
  head_dim: optional(integer(1, 1 << 12), 256),
  max_position_embeddings: optional(integer(1, 1 << 24), context),
  rms_norm_eps: optional(positive(1), 1e-6),
  hidden_activation: optional(activationName(true), "gelu_pytorch_tanh"),
  tie_word_embeddings: optional(flag, true),
  attention_bias: optional(flag, false),
  query_pre_attn_scalar: optional(positive(1e6), 256),
  attn_logit_softcapping: optional(positive(1e6)),
  final_logit_softcapping: optional(positive(1e6)),
  rope_local_base_freq: optional(positive(1e12), 1e4),
  sliding_window: optional(integer(1, 1 << 24), 4096),
  sliding_window_pattern: optional(integer(1, 1 << 12), period),
  layer_types: layerTypes,
  use_bidirectional_attention: unsupported("tokens see only those before them here", false),
  torch_dtype: optional(choice(["float32", "float16", "bfloat16"])),
  dtype: optional(choice(["float32", "float16", "bfloat16"])),
});

/**
 * Gemma 2 and 3 (Gemma Team 2024, 2025): RMS norms before and after attention and the feed-forward layer, whose weights
 * are stored minus 1; embeddings times √width; GeGLU; a window in all layers but every second or sixth. Gemma 2
 * soft-caps scores and logits with tanh, Gemma 3 norms queries and keys and rotates them by another base in layers with
 * a window.
 */
function read(config: FieldReader, architecture: string): DecoderConfig {
  const version = versionOf(architecture);
  const given = config.read(fieldsOf(version));
  const { hidden_size: width, num_attention_heads: heads, num_hidden_layers: layers, head_dim: headWidth } = given;
  const kvHeads = given.num_key_value_heads ?? heads;
  checkHeads(config, heads, kvHeads, "num_key_value_heads");
  const { width: _, ...local } = readRope(config, headWidth, version.theta, {
    localTheta: given.rope_local_base_freq,
  });
  const { sliding_window_pattern: pattern, sliding_window: window } = given;
  // null means no cap; only an absent field has the default.
  const cap = (field: "attn_logit_softcapping" | "final_logit_softcapping", fallback: number | undefined) =>
    given[field] ?? (config.raw[field] === null ? undefined : fallback);
  const [scoreCap, logitCap] = [
    cap("attn_logit_softcapping", version.caps.scores),
    cap("final_logit_softcapping", version.caps.logits),
  ];
  const trained = trainedTypes[given.dtype ?? given.torch_dtype ?? "float32"];
  return {
    architecture,
    vocabulary: given.vocab_size,
    width,
    layers,
    heads,
    kvHeads,
    headWidth,
    hidden: given.intermediate_size,
    context: given.max_position_embeddings,
    norm: "rms",
    eps: given.rms_norm_eps,
    activation: activationOf(given.hidden_activation),
    gated: true,
    biases: { qkv: given.attention_bias, output: given.attention_bias, feedForward: false },
    tied: given.tie_word_embeddings,
    positions: {
      kind: "rope",
      ...readRope(config, headWidth, version.theta),
      layout: "halves",
      ...(version.third ? { local } : {}),
    },
    windows: windowsOf(config, given, window, (layer) => (layer + 1) % pattern !== 0),
    scales: new Array<number>(layers).fill(1 / Math.sqrt(given.query_pre_attn_scalar)),
    ...(scoreCap === undefined ? {} : { scoreCap }),
    ...(logitCap === undefined ? {} : { logitCap }),
    embeddingScale: decode(trained, encode(trained, [Math.sqrt(width)]))[0] ?? 1,
  };
}

/** The weight of a norm, which is stored minus 1. */
const normWeight = (name: string, size: number): WeightSource => ({ name: `${name}.weight`, shape: [size], added: 1 });

function outer({ vocabulary, width, tied }: DecoderConfig, has: (name: string) => boolean): OuterSources {
  const prefix = prefixFor(has);
  return {
    embedding: { name: `${prefix}embed_tokens.weight`, shape: [vocabulary, width] },
    norm: normWeight(`${prefix}norm`, width),
    ...(tied ? {} : { head: { name: "lm_head.weight", shape: [vocabulary, width] } }),
  };
}

function layer(config: DecoderConfig, index: number, has: (name: string) => boolean): LayerSources {
  const { architecture, width, hidden, heads, kvHeads, headWidth, biases } = config;
  const at = `${prefixFor(has)}layers.${index}`;
  const norm = (rest: string, size: number) => normWeight(`${at}.${rest}`, size);
  const weight = (rest: string, out: number, input: number): WeightSource => ({
    name: `${at}.${rest}.weight`,
    shape: [out, input],
  });
  const bias = (rest: string, size: number): WeightSource => ({ name: `${at}.self_attn.${rest}.bias`, shape: [size] });
  const [ofQ, ofKv] = [heads * headWidth, kvHeads * headWidth];
  return {
    attentionNorm: norm("input_layernorm", width),
    q: weight("self_attn.q_proj", ofQ, width),
    k: weight("self_attn.k_proj", ofKv, width),
    v: weight("self_attn.v_proj", ofKv, width),
    output: weight("self_attn.o_proj", width, ofQ),
    ...(biases?.qkv
      ? {
          qBias: bias("q_proj", ofQ),
          kBias: bias("k_proj", ofKv),
          vBias: bias("v_proj", ofKv),
          outputBias: bias("o_proj", width),
        }
      : {}),
    ...(versionOf(architecture).third
      ? { qNorm: norm("self_attn.q_norm", headWidth), kNorm: norm("self_attn.k_norm", headWidth) }
      : {}),
    attentionOutputNorm: norm("post_attention_layernorm", width),
    feedForwardNorm: norm("pre_feedforward_layernorm", width),
    feedForward: {
      gate: weight("mlp.gate_proj", hidden, width),
      up: weight("mlp.up_proj", hidden, width),
      down: weight("mlp.down_proj", width, hidden),
    },
    feedForwardOutputNorm: norm("post_feedforward_layernorm", width),
  };
}

export const gemma: Family = {
  architectures: Object.keys(versions),
  read,
  outer,
  layer,
  opposites: layersAndHead,
  extras: () => [/\.rotary_emb\.inv_freq$/],
};
