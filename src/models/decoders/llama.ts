import {
  type FieldReader,
  flag,
  integer,
  list,
  optional,
  positive,
  unsupported,
  type Values,
} from "../../formats/json/fields.ts";
import { activationName, activationOf, checkHeads, layerTypes, windowsOf } from "../config-fields.ts";
import type { DecoderConfig, Positions } from "./config.ts";
import { expertSources, readExperts } from "./experts.ts";
import {
  type Family,
  type LayerSources,
  type Opposites,
  type OuterSources,
  prefixFor,
  type WeightSource,
} from "./family.ts";
import { type Member, memberOf, members } from "./llama-members.ts";
import { readRope } from "./rope.ts";

const fieldsOf = (member: Member) => ({
  vocab_size: integer(1, 1 << 24),
  hidden_size: integer(1, 1 << 20),
  intermediate_size: integer(1, 1 << 22),
  num_hidden_layers: integer(1, 1 << 12),
  num_attention_heads: integer(1, 1 << 16),
  num_key_value_heads: optional(integer(1, 1 << 16)),
  head_dim: optional(integer(1, 1 << 12)),
  max_position_embeddings: optional(integer(1, 1 << 24), 2048),
  rms_norm_eps: optional(positive(1), member.eps),
  hidden_act: optional(activationName(!member.experts), "silu"),
  tie_word_embeddings: optional(flag, false),
  attention_bias: optional(flag, false),
  qkv_bias: optional(flag, true),
  mlp_bias: optional(flag, false),
  sliding_window: optional(integer(0, 1 << 24), typeof member.window === "number" ? 4096 : 0),
  use_sliding_window: optional(flag, false),
  max_window_layers: optional(integer(0)),
  layer_types: layerTypes,
  no_rope_layers: optional(list(integer(0, 1), "zeros and ones")),
  no_rope_layer_interval: optional(integer(1, 1 << 12), 4),
  clip_qkv: unsupported("clipped queries, keys and values are not supported"),
});

function read(config: FieldReader, architecture: string): DecoderConfig {
  const member = memberOf(architecture);
  const given = config.read(fieldsOf(member));
  const { hidden_size: width, num_attention_heads: heads, num_hidden_layers: layers } = given;
  const kvHeads = given.num_key_value_heads ?? heads;
  checkHeads(config, heads, kvHeads, "num_key_value_heads");
  const headWidth = given.head_dim ?? width / heads;
  if (!Number.isInteger(headWidth)) {
    config.fail(
      "num_attention_heads",
      `is ${heads}, which does not divide hidden_size ${width}, and there is no head_dim`,
    );
  }
  if (member.experts && given.mlp_bias) config.fail("mlp_bias", "is true; experts with biases are not supported");
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
    activation: activationOf(given.hidden_act),
    gated: true,
    tied: given.tie_word_embeddings,
    positions: positionsOf(config, headWidth, member),
    windows: windowsFor(config, given, member),
    ...(member.unrotated ? { unrotated: unrotatedOf(config, given) } : {}),
    biases: {
      qkv: member.qkvBias === undefined ? given.attention_bias : member.qkvBias === true || given.qkv_bias,
      output: member.qkvBias === undefined && given.attention_bias,
      feedForward: given.mlp_bias,
    },
    ...(member.experts ? { mixture: readExperts(config, member.experts) } : {}),
  };
}

/** Rotary positions, and those of layers with a window if they differ. */
function positionsOf(config: FieldReader, width: number, { theta, localUnscaled }: Member): Positions {
  const all = readRope(config, width, theta, { partly: true });
  const positions: Positions = { kind: "rope", ...all, layout: "halves" };
  if (!localUnscaled || all.scaling.kind === "none") return positions;
  const local = readRope(config, width, theta, { partly: true, localTheta: all.theta });
  return { ...positions, local: { theta: local.theta, scaling: local.scaling } };
}

/** The layers without rotary positions: those with 0 in the list, or whose number is a multiple of the interval. */
function unrotatedOf(config: FieldReader, given: Values<ReturnType<typeof fieldsOf>>): number[] {
  const { num_hidden_layers: layers, no_rope_layers: listed, no_rope_layer_interval: interval } = given;
  if (listed && listed.length !== layers) {
    config.fail("no_rope_layers", `has ${listed.length} entries for ${layers} layers`);
  }
  const all = Array.from({ length: layers }, (_, layer) => layer);
  return all.filter((layer) => (listed ? listed[layer] === 0 : (layer + 1) % interval === 0));
}

/** The window of each layer: from `layer_types` if given, else as the member defines. */
function windowsFor(
  config: FieldReader,
  given: Values<ReturnType<typeof fieldsOf>>,
  { window: which }: Member,
): (number | undefined)[] {
  const { num_hidden_layers: layers, layer_types: types } = given;
  const always = which === "all" || typeof which === "number";
  const window = always || (which && given.use_sliding_window) ? given.sliding_window : 0;
  if (window === 0) {
    if (types?.includes("sliding_attention")) config.fail("layer_types", "has sliding_attention, but no window is set");
    return windowsOf(config, given, undefined, () => false);
  }
  if (!types && which === "flagged: unknown") {
    config.fail("layer_types", "is missing, expected the list of layers with a sliding window");
  }
  if (typeof which === "number") return windowsOf(config, given, window, (layer) => (layer + 1) % which !== 0);
  const first = which === "flagged: late" ? (given.max_window_layers ?? layers) : 0;
  return windowsOf(config, given, window, (layer) => layer >= first);
}

function outer(config: DecoderConfig, has: (name: string) => boolean): OuterSources {
  const prefix = prefixFor(has);
  const head: WeightSource = { name: "lm_head.weight", shape: [config.vocabulary, config.width] };
  return {
    embedding: { name: `${prefix}embed_tokens.weight`, shape: [config.vocabulary, config.width] },
    norm: { name: `${prefix}norm.weight`, shape: [config.width] },
    ...(config.tied ? {} : { head }),
  };
}

function layer(config: DecoderConfig, index: number, has: (name: string) => boolean): LayerSources {
  const { experts, qkNorm, fused, normsAfter } = memberOf(config.architecture);
  const { width, hidden, heads, kvHeads, headWidth, mixture, biases } = config;
  const at = `${prefixFor(has)}layers.${index}`;
  const source = (rest: string, ...shape: number[]): WeightSource => ({ name: `${at}.${rest}`, shape });
  const weight = (rest: string, out: number, input: number) => source(`${rest}.weight`, out, input);
  const bias = <K extends string>(is: boolean | undefined, key: K, rest: string, size: number) =>
    (is ? { [key]: source(`${rest}.bias`, size) } : {}) as Partial<Record<K, WeightSource>>;
  /** A projection, or its rows of a fused one. */
  const part = (rest: string, whole: string, begin: number, out: number, all: number): WeightSource =>
    fused ? { ...weight(whole, all, width), rows: [begin, begin + out] } : weight(rest, out, width);
  const [ofQ, ofKv] = [heads * headWidth, kvHeads * headWidth];
  const ofAttention = (rest: string, begin: number, out: number) =>
    part(`self_attn.${rest}_proj`, "self_attn.qkv_proj", begin, out, ofQ + 2 * ofKv);
  const normed = (count: number) => (qkNorm === "whole" ? count * headWidth : headWidth);
  return {
    ...(normsAfter
      ? {
          attentionOutputNorm: source("post_attention_layernorm.weight", width),
          feedForwardOutputNorm: source("post_feedforward_layernorm.weight", width),
        }
      : {
          attentionNorm: source("input_layernorm.weight", width),
          feedForwardNorm: source("post_attention_layernorm.weight", width),
        }),
    q: ofAttention("q", 0, ofQ),
    ...bias(biases?.qkv, "qBias", "self_attn.q_proj", heads * headWidth),
    k: ofAttention("k", ofQ, ofKv),
    ...bias(biases?.qkv, "kBias", "self_attn.k_proj", kvHeads * headWidth),
    v: ofAttention("v", ofQ + ofKv, ofKv),
    ...bias(biases?.qkv, "vBias", "self_attn.v_proj", kvHeads * headWidth),
    output: weight("self_attn.o_proj", width, heads * headWidth),
    ...bias(biases?.output, "outputBias", "self_attn.o_proj", width),
    ...(qkNorm
      ? {
          qNorm: source("self_attn.q_norm.weight", normed(heads)),
          kNorm: source("self_attn.k_norm.weight", normed(kvHeads)),
        }
      : {}),
    feedForward:
      experts && mixture && !mixture.dense?.includes(index)
        ? expertSources(mixture, width, experts, { source, has: (rest) => has(`${at}.${rest}`) })
        : {
            gate: part("mlp.gate_proj", "mlp.gate_up_proj", 0, hidden, 2 * hidden),
            ...bias(biases?.feedForward, "gateBias", "mlp.gate_proj", hidden),
            up: part("mlp.up_proj", "mlp.gate_up_proj", hidden, hidden, 2 * hidden),
            ...bias(biases?.feedForward, "upBias", "mlp.up_proj", hidden),
            down: weight("mlp.down_proj", width, hidden),
            ...bias(biases?.feedForward, "downBias", "mlp.down_proj", width),
          },
  };
}

function opposites(config: DecoderConfig): Opposites {
  const { qkvBias } = memberOf(config.architecture);
  const { biases = { qkv: false, output: false, feedForward: false } } = config;
  const { qkv, output, feedForward } = biases;
  const both = { biases: { ...biases, qkv: !qkv, output: !output } };
  return {
    ...layersAndHead(config),
    mlp_bias: { is: feedForward, but: { biases: { ...biases, feedForward: !feedForward } } },
    ...(qkvBias === undefined ? { attention_bias: { is: qkv, but: both } } : {}),
    ...(qkvBias === "qkv_bias" ? { qkv_bias: { is: qkv, but: { biases: { ...biases, qkv: !qkv } } } } : {}),
  };
}

/** Fields that set the number of layers, and whether the head is a separate tensor. */
export const layersAndHead = ({ layers, tied, predicting = 0 }: DecoderConfig): Opposites => ({
  num_hidden_layers: { is: layers, but: { layers: layers + predicting + 1 } },
  ...(tied ? {} : { tie_word_embeddings: { is: false, but: { tied: true } } }),
});

export const llama: Family = {
  architectures: Object.keys(members),
  read,
  outer,
  layer,
  opposites,
  extras: () => [/\.rotary_emb\.inv_freq$/],
};

/** Layers that predict further tokens. */
export function predictingLayers({ layers, predicting = 0 }: DecoderConfig): RegExp[] {
  const numbers = Array.from({ length: predicting }, (_, i) => layers + i);
  return numbers.length > 0 ? [new RegExp(`^((model\\.)?layers|blk)\\.(${numbers.join("|")})\\.`)] : [];
}
