import { parseRope } from "../kernels/rope/scaling.ts";
import { type ConfigReader, checkHeads, type DecoderConfig, readActivation } from "./config.ts";
import { type ExpertNames, expertSources, readExperts } from "./experts.ts";
import type { Family, LayerSources, OuterSources, WeightSource } from "./family.ts";

/** What members of the Llama family do differently; the rest is in their configs. */
interface Member {
  /** Default of `rms_norm_eps`. */
  readonly eps: number;
  readonly theta: number;
  /** Query, key and value projections have a bias whatever the config says (Qwen2). */
  readonly qkvBias?: boolean;
  /** Heads of queries and keys are normed before rotation (Qwen3). */
  readonly headNorms?: boolean;
  /** `sliding_window` counts only when `use_sliding_window` is set (Qwen). */
  readonly windowNeedsFlag?: boolean;
  /** Layers have experts, which the config and the checkpoint call so (Mixtral). */
  readonly experts?: ExpertNames;
}

const mixtral: ExpertNames = {
  experts: { field: "num_local_experts", fallback: 8 },
  chosen: { field: "num_experts_per_tok", fallback: 2 },
  width: "intermediate_size",
  normalise: true,
  router: "block_sparse_moe.gate",
  gate: "block_sparse_moe.experts.*.w1",
  up: "block_sparse_moe.experts.*.w3",
  down: "block_sparse_moe.experts.*.w2",
};

/**
 * The Llama family: pre-norm RMS, rotary positions in halves, grouped-query attention, SwiGLU (Touvron et al. 2023;
 * Jiang et al. 2023 for Mistral's window, 2024 for Mixtral's experts; the Qwen2 and Qwen3 technical reports for theirs).
 */
export const members: Readonly<Record<string, Member>> = {
  LlamaForCausalLM: { eps: 1e-6, theta: 10000 },
  MistralForCausalLM: { eps: 1e-6, theta: 10000 },
  MixtralForCausalLM: { eps: 1e-5, theta: 1e6, experts: mixtral },
  Qwen2ForCausalLM: { eps: 1e-6, theta: 10000, qkvBias: true, windowNeedsFlag: true },
  Qwen3ForCausalLM: { eps: 1e-6, theta: 10000, headNorms: true, windowNeedsFlag: true },
};

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
    ...(member.experts ? { mixture: readExperts(config, member.experts) } : {}),
  };
}

/** Which layers slide: `layer_types` where given, else all (Mistral), or those from `max_window_layers` on (Qwen2). */
function readWindows(config: ConfigReader, member: Member, layers: number): (number | undefined)[] {
  const value = config.raw["sliding_window"];
  const off = value === undefined || value === null || value === 0;
  if (off || (member.windowNeedsFlag && !config.boolean("use_sliding_window", false))) {
    return new Array<undefined>(layers).fill(undefined);
  }
  const window = config.integer("sliding_window");
  const types = config.raw["layer_types"];
  if (Array.isArray(types)) {
    if (types.length !== layers) config.fail("layer_types", `has ${types.length} entries for ${layers} layers`);
    return types.map((type) => (type === "sliding_attention" ? window : undefined));
  }
  const first = member.windowNeedsFlag ? config.number("max_window_layers", layers) : 0;
  return Array.from({ length: layers }, (_, layer) => (layer >= first ? window : undefined));
}

function memberOf(architecture: string): Member {
  const member = members[architecture];
  if (!member) throw new TypeError(`${architecture} is not a member of the Llama family`);
  return member;
}

/** Folders saved from the bare model lack the `model.` prefix. */
const prefixFor = (has: (name: string) => boolean) => (has("embed_tokens.weight") ? "" : "model.");

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
  const member = memberOf(config.architecture);
  const { width, hidden, heads, kvHeads, headWidth, mixture } = config;
  const name = (rest: string) => `${prefixFor(has)}layers.${index}.${rest}`;
  const weight = (rest: string, out: number, input: number): WeightSource => ({
    name: name(`${rest}.weight`),
    shape: [out, input],
  });
  const vector = (rest: string, size: number): WeightSource => ({ name: name(rest), shape: [size] });
  const bias = <K extends string>(key: K, rest: string, size: number, always = false) =>
    always || has(name(`${rest}.bias`))
      ? ({ [key]: vector(`${rest}.bias`, size) } as Record<K, WeightSource>)
      : ({} as Partial<Record<K, WeightSource>>);
  return {
    attentionNorm: vector("input_layernorm.weight", width),
    q: weight("self_attn.q_proj", heads * headWidth, width),
    ...bias("qBias", "self_attn.q_proj", heads * headWidth, member.qkvBias),
    k: weight("self_attn.k_proj", kvHeads * headWidth, width),
    ...bias("kBias", "self_attn.k_proj", kvHeads * headWidth, member.qkvBias),
    v: weight("self_attn.v_proj", kvHeads * headWidth, width),
    ...bias("vBias", "self_attn.v_proj", kvHeads * headWidth, member.qkvBias),
    output: weight("self_attn.o_proj", width, heads * headWidth),
    ...bias("outputBias", "self_attn.o_proj", width),
    ...(member.headNorms
      ? {
          qNorm: vector("self_attn.q_norm.weight", headWidth),
          kNorm: vector("self_attn.k_norm.weight", headWidth),
        }
      : {}),
    feedForwardNorm: vector("post_attention_layernorm.weight", width),
    feedForward:
      member.experts && mixture
        ? expertSources(mixture, width, member.experts, weight)
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

export const llama: Family = { read, outer, layer };
