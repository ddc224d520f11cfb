import {
  choice,
  type FieldReader,
  flag,
  integer,
  only,
  optional,
  positive,
  type Values,
} from "../../formats/json/fields.ts";
import type { RoutingRule } from "../../kernels/moe/route.ts";
import type { RopeScaling } from "../../kernels/rope/scaling.ts";
import type { DecoderConfig, MixtureConfig } from "./config.ts";
import { type ExpertNames, expertSources, readExperts } from "./experts.ts";
import {
  type Family,
  type FeedForwardSources,
  type LayerSources,
  type MixtureSources,
  type Opposites,
  prefixFor,
  type WeightSource,
} from "./family.ts";
import { layersAndHead, llama, predictingLayers } from "./llama.ts";
import { readRope } from "./rope.ts";

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

/** The epsilon of the norms of latents in training, regardless of `rms_norm_eps`. */
const latentEps = 1e-6;

const fieldsOf = ({ scores, methods, normalise }: Version) => ({
  vocab_size: integer(1, 1 << 24),
  hidden_size: integer(1, 1 << 20),
  intermediate_size: integer(1, 1 << 22),
  num_hidden_layers: integer(1, 1 << 12),
  num_nextn_predict_layers: optional(integer(0, 64), 0),
  num_attention_heads: integer(1, 1 << 16),
  qk_nope_head_dim: integer(1, 1 << 12),
  qk_rope_head_dim: integer(1, 1 << 12),
  v_head_dim: integer(1, 1 << 12),
  kv_lora_rank: integer(1, 1 << 20),
  q_lora_rank: optional(integer(1, 1 << 20)),
  max_position_embeddings: optional(integer(1, 1 << 24), 2048),
  rms_norm_eps: optional(positive(1), 1e-6),
  tie_word_embeddings: optional(flag, false),
  attention_bias: optional(flag, false),
  mlp_bias: only(false),
  rope_interleave: optional(flag, true),
  n_shared_experts: optional(integer(0, 1 << 20), 0),
  first_k_dense_replace: optional(integer(0, 1 << 20), 0),
  moe_layer_freq: optional(integer(), 1),
  scoring_func: only(scores),
  topk_method: optional(choice(Object.keys(methods)), Object.keys(methods)[0]),
  n_group: optional(integer(1, 32), 1),
  topk_group: optional(integer(1, 32)),
  norm_topk_prob: optional(flag, normalise),
  routed_scaling_factor: optional(positive(), 1),
});

type Given = Values<ReturnType<typeof fieldsOf>>;

/**
 * DeepSeek-V2 and V3 (DeepSeek-AI 2024): pre-norm RMS, latent attention with rotary positions on the last elements of
 * queries and on one key for all heads, and, after some dense layers, grouped experts with a shared expert.
 */
function read(config: FieldReader, architecture: string): DecoderConfig {
  const version = versionOf(architecture);
  const given = config.read(fieldsOf(version));
  const {
    num_hidden_layers: layers,
    qk_nope_head_dim: nope,
    qk_rope_head_dim: rotated,
    attention_bias: biased,
  } = given;
  if (rotated % 2 !== 0) config.fail("qk_rope_head_dim", `is ${rotated}, expected an even number`);
  const rope = readRope(config, rotated, 10000);
  const scale = growth(rope.scaling) ** 2 / Math.sqrt(nope + rotated);
  if (!Number.isFinite(Math.fround(scale))) config.fail("rope_scaling", `scales attention by ${scale}`);
  return {
    architecture,
    vocabulary: given.vocab_size,
    width: given.hidden_size,
    layers,
    predicting: given.num_nextn_predict_layers,
    heads: given.num_attention_heads,
    kvHeads: 1,
    headWidth: nope + rotated,
    hidden: given.intermediate_size,
    mixture: readMixture(config, given, version),
    context: given.max_position_embeddings,
    norm: "rms",
    eps: given.rms_norm_eps,
    activation: "silu",
    gated: true,
    biases: { qkv: biased, output: biased, feedForward: false },
    tied: given.tie_word_embeddings,
    positions: { kind: "rope", ...rope, layout: given.rope_interleave ? "interleaved" : "halves" },
    windows: new Array<undefined>(layers).fill(undefined),
    scales: new Array<number>(layers).fill(scale),
    latent: {
      ...(given.q_lora_rank === undefined ? {} : { queryRank: given.q_lora_rank }),
      rank: given.kv_lora_rank,
      nope,
      valueWidth: given.v_head_dim,
      eps: latentEps,
    },
  };
}

/**
 * The factor by which YaRN sharpens attention, where `mscale_all_dim` moves it from cosines and sines to the scores.
 */
function growth(scaling: RopeScaling): number {
  if (scaling.kind !== "yarn" || scaling.mscaleAllDim === undefined || scaling.factor <= 1) return 1;
  return 0.1 * scaling.mscaleAllDim * Math.log(scaling.factor) + 1;
}

function readMixture(config: FieldReader, given: Given, { scores, methods }: Version): MixtureConfig {
  const mixture = readExperts(config, names);
  const { k } = mixture.rule;
  const { norm_topk_prob: normalise, routed_scaling_factor: scale, n_shared_experts: shared } = given;
  if (scores === "softmax" && normalise && scale !== 1) {
    config.fail("routed_scaling_factor", `is ${scale} with norm_topk_prob, where implementations of V2 disagree`);
  }
  const all = Array.from({ length: given.num_hidden_layers }, (_, layer) => layer);
  const isDense = (layer: number) => layer < given.first_k_dense_replace || layer % given.moe_layer_freq !== 0;
  const by = given.topk_method === undefined ? undefined : methods[given.topk_method];
  return {
    ...mixture,
    rule: { k, scores, normalise, scale, ...(by ? readGroups(config, given, mixture, by) : {}) },
    ...(shared > 0 ? { shared: shared * mixture.hidden } : {}),
    dense: all.filter(isDense),
  };
}

/** The groups that limit the choice of experts, if there are several and not all are kept. */
function readGroups(
  config: FieldReader,
  { n_group: groups, topk_group: keep = groups }: Given,
  { experts, rule: { k } }: MixtureConfig,
  by: NonNullable<RoutingRule["groups"]>["by"],
): Pick<RoutingRule, "groups"> {
  const size = experts / groups;
  if (!Number.isInteger(size)) config.fail("n_group", `is ${groups}, which does not divide ${experts} experts`);
  if (keep > groups) config.fail("topk_group", `is ${keep}, expected an integer from 1 to ${groups}`);
  if (keep === groups) return {};
  if (keep * size < k) config.fail("topk_group", `is ${keep}, groups of ${size} experts for ${k} of a token`);
  if (by === "top-two" && size < 2) config.fail("n_group", `is ${groups}, expected groups of at least two experts`);
  return { groups: { count: groups, keep, by } };
}

function versionOf(architecture: string): Version {
  const version = versions[architecture];
  if (!version) throw new TypeError(`${architecture} is not a version of DeepSeek`);
  return version;
}

function layer(config: DecoderConfig, index: number, has: (name: string) => boolean): LayerSources {
  const { width, heads, headWidth, hidden, latent, mixture, biases } = config;
  if (!latent) throw new TypeError(`${config.architecture}: the config has no latent attention`);
  const { rank, nope, queryRank, valueWidth } = latent;
  const name = (rest: string) => `${prefixFor(has)}layers.${index}.${rest}`;
  const source = (rest: string, ...shape: number[]): WeightSource => ({ name: name(rest), shape });
  const weight = (rest: string, out: number, input: number) => source(`${rest}.weight`, out, input);
  const bias = <K extends string>(key: K, rest: string, size: number) =>
    (biases?.qkv ? { [key]: source(`${rest}.bias`, size) } : {}) as Partial<Record<K, WeightSource>>;
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

function opposites(config: DecoderConfig): Opposites {
  const { biases = { qkv: false, output: false, feedForward: false }, mixture } = config;
  const { qkv, output } = biases;
  const shared = mixture && !mixture.shared ? { mixture: { ...mixture, shared: mixture.hidden } } : undefined;
  return {
    ...layersAndHead(config),
    attention_bias: { is: qkv, but: { biases: { ...biases, qkv: !qkv, output: !output } } },
    ...(shared ? { n_shared_experts: { is: 0, but: shared } } : {}),
  };
}

export const deepseek: Family = {
  architectures: Object.keys(versions),
  read,
  outer: llama.outer,
  layer,
  opposites,
  extras: (config) => [...predictingLayers(config), /\.rotary_emb\.inv_freq$/],
};
