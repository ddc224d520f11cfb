import type { Facts } from "../facts.ts";
import type { WindowRule } from "./architecture.ts";

/** Fields of a decoder's `config.json` and their keys in GGUF. */
export const decoderKeys: Readonly<Record<string, string>> = {
  hidden_size: "embedding_length",
  intermediate_size: "feed_forward_length",
  num_hidden_layers: "block_count",
  num_attention_heads: "attention.head_count",
  num_key_value_heads: "attention.head_count_kv",
  head_dim: "attention.key_length",
  max_position_embeddings: "context_length",
  rms_norm_eps: "attention.layer_norm_rms_epsilon",
};

/** The same for experts in every layer. */
export const expertKeys: Readonly<Record<string, string>> = {
  num_experts: "expert_count",
  num_experts_per_tok: "expert_used_count",
};

/** The width of an expert: older files omit it. */
export function expertWidth(facts: Facts): number | undefined {
  const given = facts.number("expert_feed_forward_length");
  if (given !== undefined) return given;
  for (const [name, { shape }] of facts.tensors) if (name.endsWith(".ffn_down_exps.weight")) return shape.at(-1);
  return undefined;
}

/** A checkpoint without a head uses the embedding. */
export const tiedField = ({ tensors }: Facts) => ({ tie_word_embeddings: !tensors.has("output.weight") });

/** The heads of keys and values, and which layers have them, where not all do; the others have 0. */
export function kvHeadFields(facts: Facts, without: string, having: string): Record<string, unknown> {
  const key = "attention.head_count_kv";
  const each = facts.list(key);
  if (!each) return { num_key_value_heads: facts.number(key) };
  const [count, other] = new Set(each.filter((heads) => heads !== 0));
  if (other !== undefined) {
    facts.reader.fail(facts.key(key), "is not the same in all layers with attention, which is not supported");
  }
  return { num_key_value_heads: count, layer_types: each.map((heads) => (heads === 0 ? without : having)) };
}

/** The width of heads that are rotated. */
function headWidth(facts: Facts): number {
  const heads = facts.number("attention.head_count") ?? 1;
  return facts.number("attention.key_length") ?? (facts.number("embedding_length") ?? 0) / heads;
}

/** How positions are rotated: `rope_theta`, `rope_scaling` and the share of each head. */
export function ropeFields(facts: Facts, width = headWidth(facts)): Record<string, unknown> {
  const rotated = facts.number("rope.dimension_count") ?? width;
  const scaling = scalingField(facts);
  return {
    rope_theta: facts.number("rope.freq_base") ?? 10000,
    ...(rotated === width ? {} : { partial_rotary_factor: rotated / width }),
    ...(scaling ? { rope_scaling: scaling } : {}),
  };
}

function scalingField(facts: Facts): Record<string, unknown> | undefined {
  const original = facts.number("rope.scaling.original_context_length");
  const context = facts.number("context_length");
  // Divisors of frequencies (Llama 3.1 and later): the same for all lengths.
  const divisors = facts.numbers("rope_freqs.weight");
  if (divisors) {
    const all = { short_factor: divisors, long_factor: divisors, attention_factor: 1 };
    return { rope_type: "longrope", ...all, original_max_position_embeddings: original ?? context };
  }
  const [short, long] = [facts.numbers("rope_factors_short.weight"), facts.numbers("rope_factors_long.weight")];
  if (short && long) {
    const factor = facts.number("rope.scaling.attn_factor");
    return {
      rope_type: "longrope",
      short_factor: short,
      long_factor: long,
      original_max_position_embeddings: original ?? context,
      ...(factor === undefined ? {} : { attention_factor: factor }),
    };
  }
  const factor = facts.number("rope.scaling.factor") ?? facts.number("rope.scale_linear");
  const type = facts.value("rope.scaling.type") ?? "linear";
  if (type === "none" || factor === undefined || factor === 0) return undefined;
  if (type === "linear") return factor === 1 ? undefined : { rope_type: "linear", factor };
  if (type === "yarn") return yarnField(facts, factor, original ?? context);
  return facts.reader.fail(
    facts.key("rope.scaling.type"),
    `is ${String(type)}, known are none, linear, yarn, longrope`,
  );
}

function yarnField(facts: Facts, factor: number, original: number | undefined): Record<string, unknown> {
  const optional = (name: string, value: number | undefined) => (value === undefined ? {} : { [name]: value });
  // ggml multiplies cosines and sines by this and by YaRN's factor.
  const attention = facts.number("rope.scaling.yarn_attn_factor") ?? facts.number("rope.scaling.attn_factor");
  const whole = factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1;
  return {
    rope_type: "yarn",
    factor,
    original_max_position_embeddings: original,
    ...optional("beta_fast", facts.number("rope.scaling.yarn_beta_fast")),
    ...optional("beta_slow", facts.number("rope.scaling.yarn_beta_slow")),
    ...optional("attention_factor", attention === undefined || attention === 1 ? undefined : attention * whole),
  };
}

/**
 * Which layers have a window: from a key with an entry per layer, or with the period of the pattern; without a key, all
 * layers see all tokens if the file has no window, else the architecture's name decides.
 */
export function windowFields(facts: Facts, { always = false }: WindowRule): Record<string, unknown> {
  const types = (slides: readonly unknown[]) => ({
    layer_types: slides.map((own) => (own ? "sliding_attention" : "full_attention")),
  });
  const key = "attention.sliding_window_pattern";
  const each = facts.list(key);
  if (each) return types(each);
  if (!always && !facts.number("attention.sliding_window")) {
    return types(new Array<boolean>(layersOf(facts)).fill(false));
  }
  const period = facts.value(key);
  return period === undefined ? {} : { sliding_window_pattern: period };
}

/** Maximum number of layers listed: the limit of a config. */
const maxLayers = 1 << 12;

/** The number of layers; the config's own check reports an invalid one. */
function layersOf(facts: Facts): number {
  const layers = facts.number("block_count") ?? 0;
  return Number.isInteger(layers) && layers > 0 && layers <= maxLayers ? layers : 0;
}
