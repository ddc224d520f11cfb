import { alias, choice, type FieldReader, flag, integer, list, optional, positive } from "../../formats/json/fields.ts";
import { checkHeads } from "../config-fields.ts";
import type { DecoderConfig, Mixer } from "./config.ts";
import { type Family, type LayerSources, type OuterSources, prefixFor, type WeightSource } from "./family.ts";
import { layersAndHead } from "./llama.ts";
import { readRope } from "./rope.ts";

const fields = {
  vocab_size: integer(1, 1 << 24),
  hidden_size: integer(1, 1 << 20),
  intermediate_size: alias(integer(1, 1 << 22), "block_ff_dim"),
  num_hidden_layers: integer(1, 1 << 12),
  num_attention_heads: integer(1, 1 << 16),
  num_key_value_heads: optional(integer(1, 1 << 16)),
  max_position_embeddings: optional(integer(1, 1 << 24), 128_000),
  norm_eps: optional(alias(positive(1), "block_norm_eps"), 1e-5),
  tie_word_embeddings: optional(alias(flag, "tie_embedding"), true),
  conv_L_cache: optional(integer(1, 64), 3),
  conv_bias: optional(flag, false),
  block_auto_adjust_ff_dim: optional(flag, true),
  block_ffn_dim_multiplier: optional(positive(64), 1),
  block_multiple_of: optional(integer(1, 1 << 16), 256),
  layer_types: optional(list(choice(["conv", "full_attention"]), "types of layers")),
  full_attn_idxs: optional(list(integer(0, 1 << 12), "layers")),
};

/**
 * LFM2 and LFM2.5 (Liquid AI, 2025): most layers are a short convolution between two gates, the others grouped-query
 * attention with normed queries and keys and rotary positions; each is followed by SwiGLU.
 */
function read(config: FieldReader, architecture: string): DecoderConfig {
  const given = config.read(fields);
  const { hidden_size: width, num_attention_heads: heads, num_hidden_layers: layers } = given;
  const kvHeads = given.num_key_value_heads ?? heads;
  checkHeads(config, heads, kvHeads, "num_key_value_heads");
  const headWidth = width / heads;
  if (!Number.isInteger(headWidth)) {
    config.fail("num_attention_heads", `is ${heads}, which does not divide hidden_size ${width}`);
  }
  const attends = (layer: number) => given.full_attn_idxs?.includes(layer) ?? true;
  const types = given.layer_types ?? Array.from({ length: layers }, (_, i) => (attends(i) ? "full_attention" : "conv"));
  if (types.length !== layers) config.fail("layer_types", `has ${types.length} entries for ${layers} layers`);
  const mixers = types.map((type): Mixer => (type === "conv" ? "state" : "attention"));
  return {
    architecture,
    vocabulary: given.vocab_size,
    width,
    layers,
    heads,
    kvHeads,
    headWidth,
    hidden: hiddenOf(given),
    context: given.max_position_embeddings,
    norm: "rms",
    eps: given.norm_eps,
    activation: "silu",
    gated: true,
    tied: given.tie_word_embeddings,
    positions: { kind: "rope", ...readRope(config, headWidth, 1e6), layout: "halves" },
    windows: new Array<undefined>(layers).fill(undefined),
    ...(mixers.includes("state")
      ? { mixers, state: { kind: "convolution", taps: given.conv_L_cache, biased: given.conv_bias } as const }
      : {}),
  };
}

/** The width between the matrices of SwiGLU: the one given, or two thirds of it, rounded up to whole blocks. */
function hiddenOf(given: {
  readonly intermediate_size: number;
  readonly block_auto_adjust_ff_dim: boolean;
  readonly block_ffn_dim_multiplier: number;
  readonly block_multiple_of: number;
}): number {
  if (!given.block_auto_adjust_ff_dim) return given.intermediate_size;
  const scaled = Math.floor(given.block_ffn_dim_multiplier * Math.floor((2 * given.intermediate_size) / 3));
  return given.block_multiple_of * Math.ceil(scaled / given.block_multiple_of);
}

function outer({ vocabulary, width, tied }: DecoderConfig, has: (name: string) => boolean): OuterSources {
  const prefix = prefixFor(has);
  return {
    embedding: { name: `${prefix}embed_tokens.weight`, shape: [vocabulary, width] },
    norm: { name: `${prefix}embedding_norm.weight`, shape: [width] },
    ...(tied ? {} : { head: { name: "lm_head.weight", shape: [vocabulary, width] } }),
  };
}

function layer(config: DecoderConfig, index: number, has: (name: string) => boolean): LayerSources {
  const { width, hidden, heads, kvHeads, headWidth } = config;
  const at = `${prefixFor(has)}layers.${index}`;
  const source = (rest: string, ...shape: number[]): WeightSource => ({ name: `${at}.${rest}`, shape });
  const weight = (rest: string, ...shape: number[]) => source(`${rest}.weight`, ...shape);
  const both = {
    attentionNorm: weight("operator_norm", width),
    feedForwardNorm: weight("ffn_norm", width),
    feedForward: {
      gate: weight("feed_forward.w1", hidden, width),
      up: weight("feed_forward.w3", hidden, width),
      down: weight("feed_forward.w2", width, hidden),
    },
  };
  const { state } = config;
  if (state?.kind === "convolution" && config.mixers?.[index] === "state") {
    const bias = (rest: string, size: number) => source(`conv.${rest}.bias`, size);
    return {
      ...both,
      state: {
        in: weight("conv.in_proj", 3 * width, width),
        convolution: weight("conv.conv", width, 1, state.taps),
        out: weight("conv.out_proj", width, width),
        ...(state.biased
          ? {
              inBias: bias("in_proj", 3 * width),
              convolutionBias: bias("conv", width),
              outBias: bias("out_proj", width),
            }
          : {}),
      },
    };
  }
  const [ofQ, ofKv] = [heads * headWidth, kvHeads * headWidth];
  return {
    ...both,
    q: weight("self_attn.q_proj", ofQ, width),
    k: weight("self_attn.k_proj", ofKv, width),
    v: weight("self_attn.v_proj", ofKv, width),
    output: weight("self_attn.out_proj", width, ofQ),
    qNorm: weight("self_attn.q_layernorm", headWidth),
    kNorm: weight("self_attn.k_layernorm", headWidth),
  };
}

export const lfm2: Family = {
  architectures: ["Lfm2ForCausalLM"],
  read,
  outer,
  layer,
  opposites: layersAndHead,
};
