import { parseRope } from "../kernels/rope/scaling.ts";
import { type ConfigReader, checkHeads, type DecoderConfig, readActivation } from "./config.ts";
import { expertSources, readExperts } from "./experts.ts";
import { type Family, type LayerSources, type OuterSources, prefixFor, type WeightSource } from "./family.ts";
import { type Member, memberOf, members } from "./llama-members.ts";

function read(config: ConfigReader, architecture: string): DecoderConfig {
  const member = memberOf(architecture);
  const width = config.integer("hidden_size", undefined, 1 << 20);
  const heads = config.integer("num_attention_heads", undefined, 1 << 16);
  const kvHeads = config.integer("num_key_value_heads", heads, 1 << 16);
  checkHeads(config, heads, kvHeads, "num_key_value_heads");
  const headWidth = config.integer("head_dim", width / heads, 1 << 12);
  const layers = config.integer("num_hidden_layers", undefined, 1 << 12);
  const rope = parseRope(config.raw);
  const rotated = Math.floor(headWidth * rope.rotaryFraction);
  if (rotated % 2 !== 0 || rotated <= 0) config.fail("partial_rotary_factor", `rotates ${rotated} elements of a head`);
  const scaling = rope.scaling;
  const clip = config.raw["clip_qkv"];
  if (clip !== undefined && clip !== null) {
    config.fail("clip_qkv", `is ${JSON.stringify(clip)}; clipped queries, keys and values are not supported`);
  }
  return {
    architecture,
    vocabulary: config.integer("vocab_size", undefined, 1 << 24),
    width,
    layers,
    heads,
    kvHeads,
    headWidth,
    hidden: config.integer("intermediate_size", undefined, 1 << 22),
    context: config.integer("max_position_embeddings", 2048, 1 << 24),
    norm: "rms",
    eps: config.number("rms_norm_eps", member.eps),
    activation: readActivation(config, "hidden_act", "silu"),
    gated: true,
    tied: config.boolean("tie_word_embeddings", false),
    positions: { kind: "rope", theta: rope.theta ?? member.theta, width: rotated, scaling, layout: "halves" },
    windows: readWindows(config, member, layers),
    qkvBias: member.qkvBias === true && config.boolean("qkv_bias", true),
    ...(member.experts ? { mixture: readExperts(config, member.experts) } : {}),
  };
}

/** The window of each layer: by `layer_types` where it is given, else as the member defines. */
function readWindows(config: ConfigReader, { flaggedWindow }: Member, layers: number): (number | undefined)[] {
  const value = config.raw["sliding_window"];
  const off = value === undefined || value === null || value === 0;
  if (off || (flaggedWindow && !config.boolean("use_sliding_window", false))) {
    return new Array<undefined>(layers).fill(undefined);
  }
  const window = config.integer("sliding_window");
  const types = config.raw["layer_types"];
  if (Array.isArray(types)) {
    if (types.length !== layers) config.fail("layer_types", `has ${types.length} entries for ${layers} layers`);
    return types.map((type) => (type === "sliding_attention" ? window : undefined));
  }
  if (flaggedWindow === "unknown")
    config.fail("layer_types", "is missing, expected the list of layers with a sliding window");
  const first = flaggedWindow === "late" ? config.number("max_window_layers", layers) : 0;
  return Array.from({ length: layers }, (_, layer) => (layer >= first ? window : undefined));
}

function outer(config: DecoderConfig, has: (name: string) => boolean): OuterSources {
  const prefix = prefixFor(has);
  const head: WeightSource = { name: "lm_head.weight", shape: [config.vocabulary, config.width] };
  return {
    embedding: { name: `${prefix}embed_tokens.weight`, shape: [config.vocabulary, config.width] },
    norm: { name: `${prefix}norm.weight`, shape: [config.width] },
    ...(config.tied || !has(head.name) ? {} : { head }),
  };
}

function layer(config: DecoderConfig, index: number, has: (name: string) => boolean): LayerSources {
  const { experts, qkNorm } = memberOf(config.architecture);
  const { width, hidden, heads, kvHeads, headWidth, mixture, qkvBias } = config;
  const at = `${prefixFor(has)}layers.${index}`;
  const source = (rest: string, ...shape: number[]): WeightSource => ({ name: `${at}.${rest}`, shape });
  const weight = (rest: string, out: number, input: number) => source(`${rest}.weight`, out, input);
  const bias = <K extends string>(key: K, rest: string, size: number, always = false) =>
    always || has(`${at}.${rest}.bias`)
      ? ({ [key]: source(`${rest}.bias`, size) } as Record<K, WeightSource>)
      : ({} as Partial<Record<K, WeightSource>>);
  const normed = (count: number) => (qkNorm === "whole" ? count * headWidth : headWidth);
  return {
    attentionNorm: source("input_layernorm.weight", width),
    q: weight("self_attn.q_proj", heads * headWidth, width),
    ...bias("qBias", "self_attn.q_proj", heads * headWidth, qkvBias),
    k: weight("self_attn.k_proj", kvHeads * headWidth, width),
    ...bias("kBias", "self_attn.k_proj", kvHeads * headWidth, qkvBias),
    v: weight("self_attn.v_proj", kvHeads * headWidth, width),
    ...bias("vBias", "self_attn.v_proj", kvHeads * headWidth, qkvBias),
    output: weight("self_attn.o_proj", width, heads * headWidth),
    ...bias("outputBias", "self_attn.o_proj", width),
    ...(qkNorm
      ? {
          qNorm: source("self_attn.q_norm.weight", normed(heads)),
          kNorm: source("self_attn.k_norm.weight", normed(kvHeads)),
        }
      : {}),
    feedForwardNorm: source("post_attention_layernorm.weight", width),
    feedForward:
      experts && mixture && !mixture.dense?.includes(index)
        ? expertSources(mixture, width, experts, { source, has: (rest) => has(`${at}.${rest}`) })
        : {
            gate: weight("mlp.gate_proj", hidden, width),
            ...bias("gateBias", "mlp.gate_proj", hidden),
            up: weight("mlp.up_proj", hidden, width),
            ...bias("upBias", "mlp.up_proj", hidden),
            down: weight("mlp.down_proj", width, hidden),
            ...bias("downBias", "mlp.down_proj", width),
          },
  };
}

export const llama: Family = { architectures: Object.keys(members), read, outer, layer };
