import {
  choice,
  type FieldReader,
  flag,
  float,
  integer,
  list,
  only,
  optional,
  positive,
} from "../../formats/json/fields.ts";
import { checkHeads } from "../config-fields.ts";
import type { DecoderConfig, Mixer } from "./config.ts";
import { type Family, type LayerSources, type OuterSources, prefixFor, type WeightSource } from "./family.ts";
import { layersAndHead } from "./llama.ts";
import { checkMambaHeads, mambaFields, mambaSources } from "./mamba2.ts";
import { readRope } from "./rope.ts";

const factor = optional(float(), 1);
const none = optional(only(false));

const fields = {
  vocab_size: integer(1, 1 << 24),
  hidden_size: integer(1, 1 << 20),
  intermediate_size: integer(1, 1 << 22),
  num_hidden_layers: integer(1, 1 << 12),
  num_attention_heads: integer(1, 1 << 16),
  num_key_value_heads: optional(integer(1, 1 << 16), 8),
  head_dim: optional(integer(1, 1 << 12)),
  max_position_embeddings: optional(integer(1, 1 << 24), 8192),
  rms_norm_eps: optional(positive(1), 1e-5),
  hidden_act: optional(choice(["silu", "swish"]), "silu"),
  tie_word_embeddings: optional(flag, false),
  attention_bias: none,
  mlp_bias: none,
  projectors_bias: none,
  mamba_proj_bias: none,
  mamba_d_ssm: optional(integer(1, 1 << 22)),
  ...mambaFields,
  mamba_rms_norm: optional(flag, false),
  mamba_norm_before_gate: optional(flag, true),
  embedding_multiplier: factor,
  lm_head_multiplier: factor,
  attention_in_multiplier: factor,
  attention_out_multiplier: factor,
  key_multiplier: factor,
  mlp_multipliers: optional(list(float(), "factors"), [1, 1]),
  ssm_in_multiplier: factor,
  ssm_out_multiplier: factor,
  ssm_multipliers: optional(list(float(), "factors"), [1, 1, 1, 1, 1]),
};

/**
 * Falcon-H1 (TII 2025): in each layer the results of grouped-query attention and of Mamba-2 on the same normed input are
 * added; SwiGLU follows. Factors multiply what goes into the parts and what comes out of them.
 */
function read(config: FieldReader, architecture: string): DecoderConfig {
  const given = config.read(fields);
  const { hidden_size: width, num_attention_heads: heads, num_hidden_layers: layers } = given;
  checkHeads(config, heads, given.num_key_value_heads, "num_key_value_heads");
  const headWidth = given.head_dim ?? width / heads;
  if (!Number.isInteger(headWidth)) {
    config.fail("num_attention_heads", `is ${heads}, which does not divide hidden_size ${width}`);
  }
  const { mamba_n_heads: stateHeads, mamba_n_groups: groups } = given;
  const inner = given.mamba_d_ssm ?? given.mamba_expand * width;
  checkMambaHeads(config, [inner, "mamba_d_ssm"], stateHeads, groups);
  for (const [name, count] of [
    ["mlp_multipliers", 2],
    ["ssm_multipliers", 5],
  ] as const) {
    if (given[name].length !== count) config.fail(name, `has ${given[name].length} entries, expected ${count}`);
  }
  const into = given.attention_in_multiplier;
  const [gate = 1, down = 1] = given.mlp_multipliers;
  return {
    architecture,
    vocabulary: given.vocab_size,
    width,
    layers,
    heads,
    kvHeads: given.num_key_value_heads,
    headWidth,
    hidden: given.intermediate_size,
    context: given.max_position_embeddings,
    norm: "rms",
    eps: given.rms_norm_eps,
    activation: "silu",
    gated: true,
    tied: given.tie_word_embeddings,
    positions: { kind: "rope", ...readRope(config, headWidth, 1e5), layout: "halves" },
    windows: new Array<undefined>(layers).fill(undefined),
    // Queries and keys, whose input has a factor, meet in the scores alone.
    scales: new Array<number>(layers).fill((into * into * given.key_multiplier) / Math.sqrt(headWidth)),
    embeddingScale: given.embedding_multiplier,
    multipliers: {
      logits: given.lm_head_multiplier,
      attention: into * given.attention_out_multiplier,
      state: given.ssm_multipliers.map((value) => value * given.ssm_in_multiplier),
      stateOut: given.ssm_out_multiplier,
      gate,
      down,
    },
    mixers: new Array<Mixer>(layers).fill("both"),
    state: {
      kind: "mamba",
      heads: stateHeads,
      headWidth: inner / stateHeads,
      groups,
      rows: given.mamba_d_state,
      taps: given.mamba_d_conv,
      ...(given.mamba_rms_norm
        ? { norm: { gate: given.mamba_norm_before_gate ? ("after" as const) : ("before" as const), groups } }
        : {}),
      eps: given.rms_norm_eps,
      biases: { convolution: given.mamba_conv_bias, projections: false },
    },
  };
}

/** The source of a weight whose results, or whose elements, have a factor. */
const times = (source: WeightSource, by = 1): WeightSource => (by === 1 ? source : { ...source, factor: by });

function outer({ vocabulary, width, tied, multipliers }: DecoderConfig, has: (name: string) => boolean): OuterSources {
  const prefix = prefixFor(has);
  return {
    embedding: { name: `${prefix}embed_tokens.weight`, shape: [vocabulary, width] },
    // The head may be the embedding, so that the factor of logits is the norm's.
    norm: times({ name: `${prefix}final_layernorm.weight`, shape: [width] }, multipliers?.logits),
    ...(tied ? {} : { head: { name: "lm_head.weight", shape: [vocabulary, width] } }),
  };
}

function layer(config: DecoderConfig, index: number, has: (name: string) => boolean): LayerSources {
  const { width, hidden, heads, kvHeads, headWidth, multipliers } = config;
  const at = `${prefixFor(has)}layers.${index}`;
  const source = (rest: string, ...shape: number[]): WeightSource => ({ name: `${at}.${rest}`, shape });
  const weight = (rest: string, ...shape: number[]) => source(`${rest}.weight`, ...shape);
  const [ofQ, ofKv] = [heads * headWidth, kvHeads * headWidth];
  return {
    attentionNorm: weight("input_layernorm", width),
    q: weight("self_attn.q_proj", ofQ, width),
    k: weight("self_attn.k_proj", ofKv, width),
    v: weight("self_attn.v_proj", ofKv, width),
    output: times(weight("self_attn.o_proj", width, ofQ), multipliers?.attention),
    state: mambaSources(config, (rest, ...shape) => source(`mamba.${rest}`, ...shape)),
    feedForwardNorm: weight("pre_ff_layernorm", width),
    feedForward: {
      gate: times(weight("feed_forward.gate_proj", hidden, width), multipliers?.gate),
      up: weight("feed_forward.up_proj", hidden, width),
      down: times(weight("feed_forward.down_proj", width, hidden), multipliers?.down),
    },
  };
}

export const falconH1: Family = {
  architectures: ["FalconH1ForCausalLM"],
  read,
  outer,
  layer,
  opposites: layersAndHead,
};
