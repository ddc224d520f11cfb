import {
  choice,
  type FieldReader,
  flag,
  integer,
  list,
  optional,
  positive,
  readFields,
  type Values,
} from "../../formats/json/fields.ts";
import { activationName, activationOf, checkHeads } from "../config-fields.ts";
import type { DecoderConfig, Mixer } from "./config.ts";
import { type ExpertNames, expertSources, readExperts } from "./experts.ts";
import type {
  AttentionSources,
  Family,
  LayerSources,
  OuterSources,
  StackedSource,
  StateSources,
  WeightSource,
} from "./family.ts";
import { layersAndHead, predictingLayers } from "./llama.ts";
import { qwen2Moe } from "./llama-members.ts";
import { readRope } from "./rope.ts";

/** What differs between the versions. */
interface Version {
  /** The projections of a layer with a state are two tensors, whose rows are grouped by key heads (Qwen3-Next). */
  readonly packed?: boolean;
  readonly experts?: ExpertNames;
  readonly context: number;
}

const experts: ExpertNames = {
  ...qwen2Moe,
  experts: { field: "num_experts", fallback: 512 },
  chosen: { field: "num_experts_per_tok", fallback: 10 },
};
/** Qwen3.5's config has no word for the layers without experts, and always has all of its weights sum to one. */
const always: ExpertNames = { ...experts, normalise: true };

const versions: Readonly<Record<string, Version>> = {
  Qwen3NextForCausalLM: { packed: true, experts, context: 32_768 },
  Qwen3_5ForCausalLM: { context: 32_768 },
  Qwen3_5ForConditionalGeneration: { context: 32_768 },
  Qwen3_5MoeForCausalLM: { experts: always, context: 32_768 },
  Qwen3_5MoeForConditionalGeneration: { experts: always, context: 32_768 },
};

function versionOf(architecture: string): Version {
  const version = versions[architecture];
  if (!version) throw new TypeError(`${architecture} is no Qwen3-Next`);
  return version;
}

const fieldsOf = ({ experts: mixed, context }: Version) => ({
  vocab_size: integer(1, 1 << 24),
  hidden_size: integer(1, 1 << 20),
  intermediate_size: mixed ? optional(integer(1, 1 << 22), 1) : integer(1, 1 << 22),
  num_hidden_layers: integer(1, 1 << 12),
  num_attention_heads: integer(1, 1 << 16),
  num_key_value_heads: optional(integer(1, 1 << 16), 2),
  head_dim: optional(integer(1, 1 << 12), 256),
  max_position_embeddings: optional(integer(1, 1 << 24), context),
  rms_norm_eps: optional(positive(1), 1e-6),
  hidden_act: optional(activationName(true), "silu"),
  tie_word_embeddings: optional(flag, false),
  attention_bias: optional(flag, false),
  attn_output_gate: optional(flag, true),
  layer_types: optional(list(choice(["linear_attention", "full_attention"]), "types of layers")),
  full_attention_interval: optional(integer(1, 1 << 12), 4),
  linear_num_key_heads: optional(integer(1, 1 << 12), 16),
  linear_num_value_heads: optional(integer(1, 1 << 12), 32),
  linear_key_head_dim: optional(integer(1, 256), 128),
  linear_value_head_dim: optional(integer(1, 1 << 12), 128),
  linear_conv_kernel_dim: optional(integer(1, 8), 4),
  mtp_num_hidden_layers: optional(integer(0, 1 << 12), 0),
});

/** A reader of the text model's fields, which models that see pictures, too, have in an object of their own. */
function textFields(config: FieldReader): FieldReader {
  const { text_config: inner, ...outer } = config.raw;
  const own = typeof inner === "object" && inner !== null && !Array.isArray(inner) ? inner : undefined;
  if (inner !== undefined && !own) config.fail("text_config", "is no object");
  const given: Readonly<Record<string, unknown>> = own ? { ...tiedOf(outer), ...own } : outer;
  const rope = given["rope_parameters"] ?? given["rope_scaling"];
  const inRope = typeof rope === "object" && rope !== null && "partial_rotary_factor" in rope;
  const fallbacks = { norm_topk_prob: true, ...(inRope ? {} : { partial_rotary_factor: 0.25 }) };
  return readFields(config.file, { ...fallbacks, ...given }, (field) => (own ? `text_config.${field}` : field));
}

const tiedOf = ({ tie_word_embeddings: tied }: Readonly<Record<string, unknown>>) =>
  tied === undefined ? {} : { tie_word_embeddings: tied };

/**
 * Qwen3-Next and Qwen3.5 (Qwen Team 2025, 2026): three of four layers are a gated DeltaNet, the others attention whose
 * result has a gate, with queries and keys normed head by head and a quarter of each rotated; weights of norms are
 * stored minus 1, other than those in a DeltaNet; SwiGLU, or experts with a shared one.
 */
function read(config: FieldReader, architecture: string): DecoderConfig {
  const version = versionOf(architecture);
  const text = textFields(config);
  const given = text.read(fieldsOf(version));
  const { hidden_size: width, num_attention_heads: heads, num_hidden_layers: layers, head_dim: headWidth } = given;
  checkHeads(text, heads, given.num_key_value_heads, "num_key_value_heads");
  const { linear_num_key_heads: keyHeads, linear_num_value_heads: valueHeads } = given;
  if (valueHeads % keyHeads !== 0) {
    text.fail("linear_num_value_heads", `is ${valueHeads}, expected a multiple of linear_num_key_heads, ${keyHeads}`);
  }
  const mixers = mixersOf(text, given);
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
    activation: activationOf(given.hidden_act),
    gated: true,
    gatedAttention: given.attn_output_gate,
    biases: { qkv: given.attention_bias, output: given.attention_bias, feedForward: false },
    tied: given.tie_word_embeddings,
    positions: { kind: "rope", ...readRope(text, headWidth, 1e7, { partly: true }), layout: "halves" },
    windows: new Array<undefined>(layers).fill(undefined),
    predicting: given.mtp_num_hidden_layers,
    ...(version.experts ? { mixture: readExperts(text, version.experts) } : {}),
    ...(mixers.includes("state")
      ? {
          mixers,
          state: {
            kind: "delta-net",
            heads: keyHeads,
            valueHeads,
            width: given.linear_key_head_dim,
            valueWidth: given.linear_value_head_dim,
            taps: given.linear_conv_kernel_dim,
          } as const,
        }
      : {}),
  };
}

/** What each layer has: as listed, or attention in each whose number, counted from 1, is a multiple of the interval. */
function mixersOf(config: FieldReader, given: Values<ReturnType<typeof fieldsOf>>): Mixer[] {
  const { num_hidden_layers: layers, layer_types: types, full_attention_interval: interval } = given;
  if (types && types.length !== layers) config.fail("layer_types", `has ${types.length} entries for ${layers} layers`);
  const attends = (i: number) => (types ? types[i] === "full_attention" : (i + 1) % interval === 0);
  return Array.from({ length: layers }, (_, i) => (attends(i) ? "attention" : "state"));
}

/** The prefix of names: models that see pictures, too, have the text model within another. */
function prefixOf(has: (name: string) => boolean): string {
  const prefixes = ["model.language_model.", "", "model."];
  return prefixes.find((prefix) => has(`${prefix}embed_tokens.weight`)) ?? "model.";
}

const normWeight = (name: string, size: number): WeightSource => ({ name: `${name}.weight`, shape: [size], added: 1 });

function outer({ vocabulary, width, tied }: DecoderConfig, has: (name: string) => boolean): OuterSources {
  const prefix = prefixOf(has);
  return {
    embedding: { name: `${prefix}embed_tokens.weight`, shape: [vocabulary, width] },
    norm: normWeight(`${prefix}norm`, width),
    ...(tied ? {} : { head: { name: "lm_head.weight", shape: [vocabulary, width] } }),
  };
}

function layer(config: DecoderConfig, index: number, has: (name: string) => boolean): LayerSources {
  const { width, hidden, mixture } = config;
  const { experts: names } = versionOf(config.architecture);
  const at = `${prefixOf(has)}layers.${index}`;
  const source = (rest: string, ...shape: number[]): WeightSource => ({ name: `${at}.${rest}`, shape });
  return {
    attentionNorm: normWeight(`${at}.input_layernorm`, width),
    ...(config.mixers?.[index] === "state"
      ? { state: stateSources(config, source, (rest) => has(`${at}.${rest}`)) }
      : attentionSources(config, source)),
    feedForwardNorm: normWeight(`${at}.post_attention_layernorm`, width),
    feedForward:
      names && mixture && !mixture.dense?.includes(index)
        ? expertSources(mixture, width, names, { source, has: (rest) => has(`${at}.${rest}`) })
        : {
            gate: source("mlp.gate_proj.weight", hidden, width),
            up: source("mlp.up_proj.weight", hidden, width),
            down: source("mlp.down_proj.weight", width, hidden),
          },
  };
}

/** The source of a tensor of a layer. */
type Named = (rest: string, ...shape: number[]) => WeightSource;

function attentionSources(config: DecoderConfig, source: Named): AttentionSources {
  const { width, heads, kvHeads, headWidth, gatedAttention, biases } = config;
  const [ofQ, ofKv] = [(gatedAttention ? 2 : 1) * heads * headWidth, kvHeads * headWidth];
  const bias = (name: string, size: number) => source(`self_attn.${name}_proj.bias`, size);
  const biased = biases?.qkv && {
    qBias: bias("q", ofQ),
    kBias: bias("k", ofKv),
    vBias: bias("v", ofKv),
    outputBias: bias("o", width),
  };
  return {
    q: source("self_attn.q_proj.weight", ofQ, width),
    k: source("self_attn.k_proj.weight", ofKv, width),
    v: source("self_attn.v_proj.weight", ofKv, width),
    output: source("self_attn.o_proj.weight", width, heads * headWidth),
    ...(biased || {}),
    qNorm: { ...source("self_attn.q_norm.weight", headWidth), added: 1 },
    kNorm: { ...source("self_attn.k_norm.weight", headWidth), added: 1 },
  };
}

function stateSources(
  { architecture, width: c, state }: DecoderConfig,
  source: Named,
  has: (rest: string) => boolean,
): StateSources {
  if (state?.kind !== "delta-net") throw new TypeError(`${architecture}: no sizes of the layers with a state`);
  const { heads, valueHeads, width, valueWidth, taps } = state;
  const [ofKeys, ofValues] = [heads * width, valueHeads * valueWidth];
  const weight = (rest: string, out: number, input: number) => source(`linear_attn.${rest}.weight`, out, input);
  const common = {
    convolution: source("linear_attn.conv1d.weight", 2 * ofKeys + ofValues, 1, taps),
    dtBias: source("linear_attn.dt_bias", valueHeads),
    decay: { ...source("linear_attn.A_log", valueHeads), negExp: true },
    norm: source("linear_attn.norm.weight", valueWidth),
    out: weight("out_proj", c, ofValues),
  };
  const flat = () => ({
    qkv: weight("in_proj_qkv", 2 * ofKeys + ofValues, c),
    z: weight("in_proj_z", ofValues, c),
  });
  if (!versionOf(architecture).packed) {
    return {
      ...common,
      ...flat(),
      b: weight("in_proj_b", valueHeads, c),
      a: weight("in_proj_a", valueHeads, c),
    };
  }
  const r = valueHeads / heads;
  const both = weight("in_proj_ba", 2 * valueHeads, c);
  /** The same rows of the group of every key head: for each, where they begin in its group, and how many they are. */
  const rowsOf = (
    whole: WeightSource,
    label: string,
    ...parts: readonly (readonly [number, number])[]
  ): StackedSource => {
    const group = (whole.shape[0] ?? 0) / heads;
    const each = parts.flatMap(([begin, count]) =>
      Array.from({ length: heads }, (_, head) => {
        const from = head * group + begin;
        return [{ ...whole, rows: [from, from + count] as const }];
      }),
    );
    return { label: `${whole.name} (${label})`, parts: each };
  };
  const grouped = () => {
    const all = weight("in_proj_qkvz", 2 * ofKeys + 2 * ofValues, c);
    return {
      qkv: rowsOf(all, "q, k, v", [0, width], [width, width], [2 * width, r * valueWidth]),
      z: rowsOf(all, "z", [2 * width + r * valueWidth, r * valueWidth]),
    };
  };
  return {
    ...common,
    // GGUF files have the rows of all key heads together.
    ...(has("linear_attn.in_proj_qkv.weight") ? flat() : grouped()),
    b: rowsOf(both, "b", [0, r]),
    a: rowsOf(both, "a", [r, r]),
  };
}

export const qwenNext: Family = {
  architectures: Object.keys(versions),
  read,
  outer,
  layer,
  opposites: layersAndHead,
  // Pictures, and the layers that predict further tokens.
  extras: (config) => [
    ...predictingLayers(config),
    /^model\.visual\./,
    /^visual\./,
    /^mtp\./,
    /\.rotary_emb\.inv_freq$/,
  ],
};
