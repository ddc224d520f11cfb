import type { RoutingRule } from "../kernels/moe/route.ts";
import { parseRope, type RopeScaling } from "../kernels/rope/scaling.ts";
import type { ConfigReader, DecoderConfig, MixtureConfig } from "./config.ts";
import { type ExpertNames, expertSources, readExperts } from "./experts.ts";
import {
  type Family,
  type FeedForwardSources,
  type LayerSources,
  type MixtureSources,
  prefixFor,
  type WeightSource,
} from "./family.ts";
import { llama } from "./llama.ts";

/** The differences between versions; the rest is in their configs. */
interface Version {
  readonly scores: RoutingRule["scores"];
  /** Values of `topk_method`, the default first, and how each compares groups of experts. */
  readonly methods: Readonly<Record<string, NonNullable<RoutingRule["groups"]>["by"] | undefined>>;
  readonly normalise: boolean;
  /** A bias of each expert that is used only when experts are chosen. */
  readonly selectionBias?: boolean;
}

const versions: Readonly<Record<string, Version>> = {
  DeepseekV2ForCausalLM: {
    scores: "softmax",
    methods: { greedy: undefined, group_limited_greedy: "maximum" },
    normalise: false,
  },
  DeepseekV3ForCausalLM: {
    scores: "sigmoid",
    methods: { noaux_tc: "top-two" },
    normalise: true,
    selectionBias: true,
  },
};

const names: ExpertNames = {
  experts: { field: "n_routed_experts" },
  chosen: { field: "num_experts_per_tok" },
  width: "moe_intermediate_size",
  normalise: "norm_topk_prob",
  router: "mlp.gate",
  gate: "mlp.experts.*.gate_proj",
  up: "mlp.experts.*.up_proj",
  down: "mlp.experts.*.down_proj",
  fused: { gateUp: "mlp.experts.gate_up_proj", down: "mlp.experts.down_proj" },
};

/** The epsilon that checkpoints were trained with in the norms of latents, whatever `rms_norm_eps` is. */
const latentEps = 1e-6;

/**
 * DeepSeek-V2 and V3 (DeepSeek-AI 2024): pre-norm RMS, latent attention with rotary positions on the last elements of
 * queries and on one key for all heads, and, after some dense layers, grouped experts with a shared expert.
 */
function read(config: ConfigReader, architecture: string): DecoderConfig {
  const layers = config.integer("num_hidden_layers", undefined, 1 << 12);
  const nope = config.integer("qk_nope_head_dim", undefined, 1 << 12);
  const rotated = config.integer("qk_rope_head_dim", undefined, 1 << 12);
  if (rotated % 2 !== 0) config.fail("qk_rope_head_dim", `is ${rotated}, expected an even number`);
  const { theta = 10000, scaling } = parseRope(config.raw);
  const layout = config.boolean("rope_interleave", true) ? "interleaved" : "halves";
  const scale = growth(scaling) ** 2 / Math.sqrt(nope + rotated);
  const queryRank = orNone(config, "q_lora_rank");
  return {
    architecture,
    vocabulary: config.integer("vocab_size", undefined, 1 << 24),
    width: config.integer("hidden_size", undefined, 1 << 20),
    layers,
    heads: config.integer("num_attention_heads", undefined, 1 << 16),
    kvHeads: 1,
    headWidth: nope + rotated,
    hidden: config.integer("intermediate_size", undefined, 1 << 22),
    mixture: readMixture(config, versionOf(architecture), layers),
    context: config.integer("max_position_embeddings", 2048, 1 << 24),
    norm: "rms",
    eps: config.number("rms_norm_eps", 1e-6),
    activation: "silu",
    gated: true,
    tied: config.boolean("tie_word_embeddings", false),
    positions: { kind: "rope", theta, width: rotated, scaling, layout },
    windows: new Array<undefined>(layers).fill(undefined),
    scales: new Array<number>(layers).fill(scale),
    latent: {
      ...(queryRank > 0 ? { queryRank } : {}),
      rank: config.integer("kv_lora_rank", undefined, 1 << 20),
      nope,
      valueWidth: config.integer("v_head_dim", undefined, 1 << 12),
      eps: latentEps,
    },
  };
}

/**
 * The factor of the scores by which YaRN sharpens attention, where `mscale_all_dim` moves it there from cosines and
 * sines.
 */
function growth(scaling: RopeScaling): number {
  if (scaling.kind !== "yarn" || scaling.mscaleAllDim === undefined || scaling.factor <= 1) return 1;
  return 0.1 * scaling.mscaleAllDim * Math.log(scaling.factor) + 1;
}

function readMixture(config: ConfigReader, version: Version, layers: number): MixtureConfig {
  const mixture = readExperts(config, names);
  const { scores } = version;
  const { k } = mixture.rule;
  const found = config.text("scoring_func", scores);
  if (found !== scores) config.fail("scoring_func", `is ${found}, expected ${scores}`);
  const normalise = config.boolean("norm_topk_prob", version.normalise);
  const scale = config.number("routed_scaling_factor", 1);
  if (scores === "softmax" && normalise && scale !== 1) {
    config.fail("routed_scaling_factor", `is ${scale} with norm_topk_prob, where implementations of V2 disagree`);
  }
  const shared = orNone(config, "n_shared_experts");
  const first = orNone(config, "first_k_dense_replace");
  const step = config.integer("moe_layer_freq", 1);
  const all = Array.from({ length: layers }, (_, layer) => layer);
  return {
    ...mixture,
    rule: { k, scores, normalise, scale, ...readGroups(config, version, mixture) },
    ...(shared > 0 ? { shared: shared * mixture.hidden } : {}),
    dense: all.filter((layer) => layer < first || layer % step !== 0),
  };
}

/** The groups that limit the choice of experts, if there are several and not all are kept. */
function readGroups(
  config: ConfigReader,
  { methods }: Version,
  { experts, rule: { k } }: MixtureConfig,
): Pick<RoutingRule, "groups"> {
  const method = config.text("topk_method", Object.keys(methods)[0]);
  if (!Object.hasOwn(methods, method)) {
    config.fail("topk_method", `is ${method}, known are ${Object.keys(methods).join(", ")}`);
  }
  const by = methods[method];
  if (!by) return {};
  const groups = config.integer("n_group", 1, 32);
  const size = experts / groups;
  if (!Number.isInteger(size)) config.fail("n_group", `is ${groups}, which does not divide ${experts} experts`);
  const keep = config.integer("topk_group", groups, groups);
  if (keep === groups) return {};
  if (keep * size < k) config.fail("topk_group", `is ${keep}, groups of ${size} experts for ${k} of a token`);
  if (by === "top-two" && size < 2) config.fail("n_group", `is ${groups}, expected groups of at least two experts`);
  return { groups: { count: groups, keep, by } };
}

/** An integer of at least 0; 0 where the field is null or absent. */
function orNone(config: ConfigReader, field: string): number {
  return (config.raw[field] ?? 0) === 0 ? 0 : config.integer(field, undefined, 1 << 20);
}

function versionOf(architecture: string): Version {
  const version = versions[architecture];
  if (!version) throw new TypeError(`${architecture} is not a version of DeepSeek`);
  return version;
}

function layer(config: DecoderConfig, index: number, has: (name: string) => boolean): LayerSources {
  const { width, heads, headWidth, hidden, latent, mixture } = config;
  if (!latent) throw new TypeError(`${config.architecture}: the config has no latent attention`);
  const { rank, nope, queryRank, valueWidth } = latent;
  const name = (rest: string) => `${prefixFor(has)}layers.${index}.${rest}`;
  const source = (rest: string, ...shape: number[]): WeightSource => ({ name: name(rest), shape });
  const weight = (rest: string, out: number, input: number) => source(`${rest}.weight`, out, input);
  const bias = <K extends string>(key: K, rest: string, size: number) =>
    (has(name(`${rest}.bias`)) ? { [key]: source(`${rest}.bias`, size) } : {}) as Partial<Record<K, WeightSource>>;
  const gatedLayer = (rest: string, inner: number): FeedForwardSources => ({
    gate: weight(`${rest}.gate_proj`, inner, width),
    up: weight(`${rest}.up_proj`, inner, width),
    down: weight(`${rest}.down_proj`, width, inner),
  });
  const experts = ({ shared, ...own }: MixtureConfig): MixtureSources => ({
    ...expertSources(own, width, names, { source, has: (rest) => has(name(rest)) }),
    ...(versionOf(config.architecture).selectionBias
      ? { selectionBias: source("mlp.gate.e_score_correction_bias", own.experts) }
      : {}),
    ...(shared ? { shared: gatedLayer("mlp.shared_experts", shared) } : {}),
  });
  const cached = rank + headWidth - nope;
  return {
    attentionNorm: source("input_layernorm.weight", width),
    q: weight(queryRank ? "self_attn.q_b_proj" : "self_attn.q_proj", heads * headWidth, queryRank ?? width),
    k: weight("self_attn.kv_a_proj_with_mqa", cached, width),
    ...bias("kBias", "self_attn.kv_a_proj_with_mqa", cached),
    v: weight("self_attn.kv_b_proj", heads * (nope + valueWidth), rank),
    output: weight("self_attn.o_proj", width, heads * valueWidth),
    ...bias("outputBias", "self_attn.o_proj", width),
    latent: {
      norm: source("self_attn.kv_a_layernorm.weight", rank),
      ...(queryRank
        ? {
            queryDown: weight("self_attn.q_a_proj", queryRank, width),
            ...bias("queryDownBias", "self_attn.q_a_proj", queryRank),
            queryNorm: source("self_attn.q_a_layernorm.weight", queryRank),
          }
        : {}),
    },
    feedForwardNorm: source("post_attention_layernorm.weight", width),
    feedForward: mixture && !mixture.dense?.includes(index) ? experts(mixture) : gatedLayer("mlp", hidden),
  };
}

export const deepseek: Family = { architectures: Object.keys(versions), read, outer: llama.outer, layer };
