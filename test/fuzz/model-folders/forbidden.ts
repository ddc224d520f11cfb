// Values that no config.json may have, written down by hand from the definitions of the architectures in Hugging Face's
// transformers, and from what this engine can compute. None of them is taken from the schemas in src.
import { type Folder, literal } from "./folders.ts";

/** The field is not in the file. */
export const absent = Symbol("absent");

/** Values of a field, or those that contradict a folder. */
type Values = readonly unknown[] | ((folder: Folder) => readonly unknown[]);
export type Table = Readonly<Record<string, Values>>;

export const never = [true, [], {}, "", literal("1e999")];
/** Of a count: it has to be an integer of at least one. */
export const counts = [...never, "4", 0, -1, 2.5, [4], 1e40];
const required = [...counts, null, absent];
/** Of a factor: it has to be above zero. */
export const factors = [...never, "1", 0, -1, [1]];
export const flags = ["true", "false", "yes", "", 0, 1, [], {}];
/** Of the epsilon of a norm, whose square root is taken. */
const epsilons = [...never, "1e-5", -1, -1e-5, [1e-5]];
/** Of token ids: integers, or for the end of text a list of them; the vocabulary has 96 tokens. */
export const tokenId = [
  ...never.filter((value) => !Array.isArray(value)),
  "4",
  1.5,
  -1,
  96,
  1e9,
  ["4"],
  [4.5],
  [4, 96],
];
const activations = ["snake", "relu", "", 1, true, [], "constructor", "__proto__"];
const rope = [
  ...["linear", 5, true, [], { factor: 2 }, { type: "spiral", factor: 2 }, { type: "linear" }, { type: 5, factor: 2 }],
  ...["2", 0, -2, true, null, [2]].map((factor) => ({ rope_type: "linear", factor })),
  ...[0, -1, "4"].map((factor) => ({ rope_type: "yarn", factor, original_max_position_embeddings: 16 })),
  ...[0, -1, "16", [16]].map((original) => ({ type: "yarn", factor: 4, original_max_position_embeddings: original })),
  { type: "yarn", factor: 4, original_max_position_embeddings: 16, truncate: "no" },
  { type: "yarn", factor: 4, original_max_position_embeddings: 16, beta_fast: "32" },
  { rope_type: "llama3", factor: 8, low_freq_factor: 1 },
  { rope_type: "llama3", factor: 8, low_freq_factor: 4, high_freq_factor: 1 },
  { rope_type: "llama3", factor: 8, low_freq_factor: 1, high_freq_factor: 1 },
  { type: "dynamic", alpha: 1000 },
  { type: "longrope", short_factor: [1], long_factor: [1], original_max_position_embeddings: 16 },
  { type: "longrope", short_factor: [1, -1], long_factor: [1, 0], original_max_position_embeddings: 16 },
];
const layers =
  (name: string) =>
  ({ config }: Folder) => {
    const n = Number(config[name]);
    return [...required, n - 1, n + 1, 4096];
  };
/** Widths of tensors: others than the checkpoint's. */
const width =
  (name: string, wrong: (value: number) => readonly number[]) =>
  ({ config }: Folder) => [...required, ...wrong(Number(config[name]))];
const opposite =
  (name: string, fallback: boolean) =>
  ({ config }: Folder) => [...flags, !(config[name] ?? fallback)];

const everywhere: Table = {
  architectures: [
    null,
    absent,
    "LlamaForCausalLM",
    [],
    [5],
    [["LlamaForCausalLM"]],
    ["WhaleForCausalLM"],
    ["constructor"],
    {},
  ],
  model_type: [5, true, ["llama"], {}],
  vocab_size: width("vocab_size", (n) => [n - 1, n + 1, 2 * n]),
  eos_token_id: tokenId,
  bos_token_id: tokenId,
  pad_token_id: [...tokenId],
  quantization_config: [{ quant_method: "gptq", bits: 4 }, { quant_method: "fp8" }, {}, "awq", true, []],
};

const llamaLike: Table = {
  ...everywhere,
  hidden_size: width("hidden_size", (n) => [n / 2, n + 1, 2 * n]),
  num_hidden_layers: layers("num_hidden_layers"),
  num_attention_heads: width("num_attention_heads", (n) => [n - 1, n + 1]),
  num_key_value_heads: [...counts, 3, 5, 1000],
  max_position_embeddings: counts,
  rms_norm_eps: epsilons,
  rope_theta: factors,
  rope_scaling: rope,
  partial_rotary_factor: [...factors, 2, 1.5, 0.01],
  tie_word_embeddings: opposite("tie_word_embeddings", false),
};

const llama: Table = {
  ...llamaLike,
  // The exact GELU has no gated kernel.
  hidden_act: [...activations, "gelu"],
  intermediate_size: width("intermediate_size", (n) => [n - 1, n + 1, 2 * n]),
  head_dim: [...counts, 2, 8, 3],
  attention_bias: opposite("attention_bias", false),
  mlp_bias: opposite("mlp_bias", false),
  layer_types: [
    5,
    "full_attention",
    {},
    ["full_attention"],
    ["full_attention", "full_attention", "x"],
    [null, null, null],
  ],
};

const window: Table = {
  sliding_window: [...never, "8", -8, 2.5, [8], 2 ** 31],
  layer_types: [
    "sliding_attention",
    {},
    [],
    ["sliding_attention"],
    ["full_attention", "full_attention", "chunked_attention"],
  ],
};

const qwen: Table = {
  ...llama,
  ...window,
  use_sliding_window: flags,
  max_window_layers: [...never, "1", -1, 1.5],
};
// Their queries, keys and values always have a bias, and this field is not theirs.
const { attention_bias: _, ...qwen2 } = qwen;

/** Experts: their number, how many of them a token has, and their width. */
const experts = (number: string, most: number, hidden: string): Table => ({
  [number]: [...counts, most - 1, most + 1, 1024, 2000],
  num_experts_per_tok: [...counts, most + 1, 1000],
  [hidden]: width(hidden, (n) => [n - 1, n + 1, 2 * n]),
  hidden_act: [...activations, "gelu", "gelu_new"],
});

const steps: Table = {
  norm_topk_prob: flags,
  decoder_sparse_step: [...counts, 3],
  mlp_only_layers: ["1", 1, {}, [0.5], ["0"], [-1], [0, 1, 2, 3]],
};

const gptOss: Table = {
  ...llamaLike,
  ...window,
  ...experts("num_local_experts", 8, "intermediate_size"),
  head_dim: [...required, 8, 15, 32],
  attention_bias: [...flags, false],
  swiglu_limit: [...factors, 6],
  partial_rotary_factor: [...factors, 2, 0.5],
};

const gemma: Table = {
  ...llamaLike,
  ...window,
  intermediate_size: width("intermediate_size", (n) => [n - 1, n + 1, 2 * n]),
  head_dim: [...counts, 2, 8, 3],
  attention_bias: opposite("attention_bias", false),
  tie_word_embeddings: opposite("tie_word_embeddings", true),
  hidden_activation: [...activations, "gelu"],
  query_pre_attn_scalar: factors,
  attn_logit_softcapping: factors,
  final_logit_softcapping: factors,
  sliding_window: [...never, "8", -8, 0, 2.5, [8], 2 ** 31],
  sliding_window_pattern: [...counts, 1e9],
  rope_local_base_freq: factors,
  use_bidirectional_attention: [...flags, true],
  torch_dtype: ["float8", "", 16, true, []],
  dtype: ["int8", "", 16, true, []],
  partial_rotary_factor: [...factors, 2, 0.5],
};

const deepseek: Table = {
  ...llamaLike,
  ...experts("n_routed_experts", 8, "moe_intermediate_size"),
  intermediate_size: width("intermediate_size", (n) => [n - 1, n + 1]),
  num_key_value_heads: [],
  rope_scaling: [
    ...rope,
    ...[{ mscale: 1e300, mscale_all_dim: 1 }, { mscale_all_dim: 1e300 }].map((m) => ({
      type: "yarn",
      factor: 4,
      ...m,
    })),
  ],
  num_attention_heads: width("num_attention_heads", (n) => [n - 1, n + 1]),
  kv_lora_rank: width("kv_lora_rank", (n) => [n - 1, n + 1]),
  qk_nope_head_dim: width("qk_nope_head_dim", (n) => [n - 1, n + 1]),
  qk_rope_head_dim: width("qk_rope_head_dim", (n) => [n - 1, n + 2]),
  v_head_dim: width("v_head_dim", (n) => [n - 1, n + 1]),
  q_lora_rank: ({ config }) => [...counts, config["q_lora_rank"] === null ? 24 : null, 23],
  n_shared_experts: [...never, "1", -1, 1.5, 0, null, 3],
  first_k_dense_replace: [...never, "1", -1, 0.5, 0, 2],
  moe_layer_freq: [...counts, 2],
  scoring_func: ["tanh", "", 1, true, []],
  topk_method: ["best", "", 1, true, []],
  n_group: [...counts, 33],
  norm_topk_prob: flags,
  routed_scaling_factor: factors,
  rope_interleave: flags,
  attention_bias: opposite("attention_bias", false),
  mlp_bias: [...flags, true],
  partial_rotary_factor: [...factors, 2, 0.5],
};

const gpt2: Table = {
  ...everywhere,
  n_embd: width("n_embd", (n) => [n / 2, n + 1, 2 * n]),
  n_head: [...required, 3, 5, 17],
  n_layer: layers("n_layer"),
  n_positions: [...counts, 31, 33, null],
  n_inner: [...counts, 63, 65],
  layer_norm_epsilon: epsilons,
  activation_function: activations,
  scale_attn_weights: flags,
  scale_attn_by_inverse_layer_idx: flags,
  tie_word_embeddings: opposite("tie_word_embeddings", true),
  hidden_size: [17, "16"],
  num_hidden_layers: [2, 4, "3"],
  num_attention_heads: [2, "4"],
  add_cross_attention: [true, "yes", 1],
};

const typesOfLayers = [5, "conv", {}, ["full_attention"], [null, null, null, null, null]];

const lfm2: Table = {
  ...everywhere,
  hidden_size: width("hidden_size", (n) => [n / 2, n + 1, 2 * n]),
  num_hidden_layers: layers("num_hidden_layers"),
  num_attention_heads: width("num_attention_heads", (n) => [n - 1, n + 1]),
  num_key_value_heads: [...counts, 3, 5, 1000],
  max_position_embeddings: counts,
  norm_eps: epsilons,
  rope_theta: factors,
  rope_scaling: rope,
  intermediate_size: width("intermediate_size", (n) => [n / 2, 2 * n]),
  conv_L_cache: [...counts, 2, 4, 100],
  conv_bias: opposite("conv_bias", false),
  block_auto_adjust_ff_dim: opposite("block_auto_adjust_ff_dim", true),
  block_ffn_dim_multiplier: [...factors, 2],
  block_multiple_of: counts,
  tie_embedding: flags,
  layer_types: typesOfLayers,
};

const qwen3Next: Table = {
  ...llamaLike,
  ...experts("num_experts", 4, "moe_intermediate_size"),
  ...steps,
  head_dim: [...counts, 8, 32],
  attention_bias: opposite("attention_bias", false),
  attn_output_gate: opposite("attn_output_gate", true),
  shared_expert_intermediate_size: width("shared_expert_intermediate_size", (n) => [n - 1, n + 1]),
  linear_num_key_heads: [...counts, 3, 4],
  linear_num_value_heads: [...counts, 5, 8],
  linear_key_head_dim: [...counts, 7, 16, 1000],
  linear_value_head_dim: [...counts, 11, 24],
  linear_conv_kernel_dim: [...counts, 3, 5, 100],
  full_attention_interval: [...counts, 2, 3],
  layer_types: typesOfLayers,
};

const notNumbers = [...never, "1", [1]];
const falconH1: Table = {
  ...llamaLike,
  intermediate_size: width("intermediate_size", (n) => [n - 1, n + 1, 2 * n]),
  head_dim: [...counts, 4, 16, 3],
  attention_bias: [...flags, true],
  mlp_bias: [...flags, true],
  projectors_bias: [...flags, true],
  mamba_proj_bias: [...flags, true],
  mamba_d_ssm: width("mamba_d_ssm", (n) => [n - 1, 2 * n, n / 2]),
  mamba_n_heads: [...counts, 5, 12, 3],
  mamba_n_groups: [...counts, 1, 4, 6],
  mamba_d_state: [...counts, 8, 17, 300],
  mamba_d_conv: [...counts, 3, 5, 100],
  mamba_conv_bias: opposite("mamba_conv_bias", true),
  mamba_rms_norm: opposite("mamba_rms_norm", false),
  mamba_norm_before_gate: flags,
  time_step_limit: [5, "", true, [], [0], [0, 1], [0.001, 0.1], [0, "Infinity"]],
  mlp_multipliers: [5, "", true, {}, [], [1], [1, 1, 1], ["1", 1], [1, null]],
  ssm_multipliers: [5, "", true, {}, [1, 1], ["1", 1, 1, 1, 1]],
  ...Object.fromEntries(
    ["embedding", "lm_head", "attention_in", "attention_out", "key", "ssm_in", "ssm_out"].map((name) => [
      `${name}_multiplier`,
      notNumbers,
    ]),
  ),
};

const graniteHybrid: Table = {
  ...llamaLike,
  num_attention_heads: width("num_attention_heads", (n) => [n - 1, n + 1]),
  intermediate_size: [...counts, 23, 25, 48],
  shared_intermediate_size: [...counts, 39, 80],
  num_local_experts: [...never, "4", -1, 2.5, 3, 5, 2000],
  num_experts_per_tok: [...never, "2", -1, 0, 5],
  attention_bias: [...flags, true],
  position_embedding_type: ["alibi", 1, true, [], {}],
  layer_types: [5, "mamba", {}, ["mamba"], ["mamba", "mamba", "mamba"], ["mamba", "conv", "mamba"]],
  mamba_expand: [...counts, 1, 4],
  mamba_n_heads: [...counts, 5, 16],
  mamba_n_groups: [...counts, 2, 3],
  mamba_d_state: [...counts, 8, 17, 300],
  mamba_d_conv: [...counts, 3, 5, 100],
  mamba_conv_bias: opposite("mamba_conv_bias", true),
  mamba_proj_bias: opposite("mamba_proj_bias", false),
  time_step_limit: [5, "", true, [], [0, 1]],
  embedding_multiplier: factors,
  attention_multiplier: factors,
  residual_multiplier: factors,
  logits_scaling: factors,
};

/** By the names of `architectures`. */
export const forbidden: Readonly<Record<string, Table>> = {
  LlamaForCausalLM: llama,
  MistralForCausalLM: { ...llama, ...window },
  MixtralForCausalLM: { ...llama, ...window, ...experts("num_local_experts", 3, "intermediate_size") },
  Qwen2ForCausalLM: qwen2,
  Qwen3ForCausalLM: qwen,
  Olmo3ForCausalLM: { ...llama, ...window },
  Gemma2ForCausalLM: gemma,
  Gemma3ForCausalLM: gemma,
  OlmoeForCausalLM: {
    ...llamaLike,
    ...experts("num_experts", 8, "intermediate_size"),
    norm_topk_prob: flags,
    attention_bias: [...flags, true],
    clip_qkv: [8, "8", true, 0.5],
  },
  Qwen2MoeForCausalLM: {
    ...llamaLike,
    ...experts("num_experts", 8, "moe_intermediate_size"),
    ...steps,
    qkv_bias: [...flags, false],
    shared_expert_intermediate_size: width("shared_expert_intermediate_size", (n) => [n - 1, n + 1]),
    intermediate_size: width("intermediate_size", (n) => [n - 1, n + 1]),
  },
  Qwen3MoeForCausalLM: {
    ...llamaLike,
    ...experts("num_experts", 8, "moe_intermediate_size"),
    ...steps,
    head_dim: [...counts, 8, 15, 32],
    attention_bias: [...flags, true],
    intermediate_size: width("intermediate_size", (n) => [n - 1, n + 1]),
  },
  GptOssForCausalLM: gptOss,
  DeepseekV2ForCausalLM: deepseek,
  DeepseekV3ForCausalLM: {
    ...deepseek,
    n_group: [...counts, 3, 8],
    topk_group: [...counts, 1, 5],
    num_nextn_predict_layers: [...never, "1", -1, 0, 0.5],
  },
  GPT2LMHeadModel: gpt2,
  Lfm2ForCausalLM: lfm2,
  Qwen3NextForCausalLM: qwen3Next,
  FalconH1ForCausalLM: falconH1,
  GraniteMoeHybridForCausalLM: graniteHybrid,
};
