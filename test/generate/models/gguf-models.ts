// Small configs of every architecture that GGUF files are read of.

type Config = Readonly<Record<string, unknown>>;

/** Configs of untrained models, `scale` times as wide as the smallest. */
export function ggufConfigs(scale = 1): Readonly<Record<string, Config>> {
  const [width, hidden] = [64 * scale, 96 * scale];
  const common = {
    vocab_size: 2048,
    hidden_size: width,
    intermediate_size: hidden,
    num_hidden_layers: 2,
    num_attention_heads: 2 * scale,
    num_key_value_heads: scale,
    head_dim: 32,
    max_position_embeddings: 256,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
  };
  const mixture = { num_experts: 4, num_experts_per_tok: 2, moe_intermediate_size: hidden };
  const latent = {
    ...common,
    q_lora_rank: 48 * scale,
    kv_lora_rank: 64 * scale,
    qk_nope_head_dim: 32,
    qk_rope_head_dim: 16,
    v_head_dim: 32,
    n_routed_experts: 4,
    num_experts_per_tok: 2,
    moe_intermediate_size: hidden,
    n_shared_experts: 1,
    first_k_dense_replace: 1,
  };
  const llama3 = { rope_type: "llama3", factor: 8, low_freq_factor: 1, high_freq_factor: 4 };
  const yarn = { rope_type: "yarn", factor: 4, original_max_position_embeddings: 64 };
  const granite = {
    architectures: ["GraniteMoeHybridForCausalLM"],
    ...common,
    shared_intermediate_size: hidden,
    num_hidden_layers: 4,
    layer_types: ["mamba", "attention", "mamba", "mamba"],
    num_local_experts: 0,
    num_experts_per_tok: 0,
    mamba_n_heads: 4 * scale,
    mamba_d_state: 32,
    embedding_multiplier: 6,
    attention_multiplier: 0.125,
    residual_multiplier: 0.5,
    logits_scaling: 4,
  };
  const deltaNet = {
    ...common,
    num_hidden_layers: 4,
    layer_types: ["linear_attention", "full_attention", "linear_attention", "full_attention"],
    linear_num_key_heads: 2,
    linear_num_value_heads: 4 * scale,
    linear_key_head_dim: 32,
    linear_value_head_dim: 32,
  };
  const withShared = { ...deltaNet, ...mixture, shared_expert_intermediate_size: hidden };
  return {
    llama: { architectures: ["LlamaForCausalLM"], ...common },
    "llama with scaled positions": {
      architectures: ["LlamaForCausalLM"],
      ...common,
      tie_word_embeddings: true,
      attention_bias: true,
      rope_scaling: { ...llama3, original_max_position_embeddings: 64 },
    },
    mixtral: { architectures: ["MixtralForCausalLM"], ...common, num_local_experts: 4, num_experts_per_tok: 2 },
    qwen2: { architectures: ["Qwen2ForCausalLM"], ...common },
    "qwen2 with YaRN": {
      architectures: ["Qwen2ForCausalLM"],
      ...common,
      rope_scaling: { ...yarn, attention_factor: 1.5 },
    },
    qwen3: { architectures: ["Qwen3ForCausalLM"], ...common, head_dim: 64 },
    olmo2: { architectures: ["Olmo2ForCausalLM"], ...common, num_key_value_heads: 2 * scale },
    olmo3: {
      architectures: ["Olmo3ForCausalLM"],
      ...common,
      num_key_value_heads: 2 * scale,
      num_hidden_layers: 4,
      sliding_window: 16,
      rope_scaling: yarn,
    },
    smollm3: {
      architectures: ["SmolLM3ForCausalLM"],
      ...common,
      num_hidden_layers: 4,
      tie_word_embeddings: false,
    },
    phi3: { architectures: ["Phi3ForCausalLM"], ...common, partial_rotary_factor: 0.5 },
    "phi3 with scaled positions": {
      architectures: ["Phi3ForCausalLM"],
      ...common,
      sliding_window: 200,
      original_max_position_embeddings: 64,
      rope_scaling: {
        type: "longrope",
        short_factor: Array.from({ length: 16 }, (_, i) => 1 + i / 16),
        long_factor: Array.from({ length: 16 }, (_, i) => 1 + i / 4),
      },
    },
    gemma2: {
      architectures: ["Gemma2ForCausalLM"],
      ...common,
      query_pre_attn_scalar: 32,
      sliding_window: 16,
      attn_logit_softcapping: 2,
      final_logit_softcapping: 20,
    },
    gemma3: {
      architectures: ["Gemma3ForCausalLM"],
      ...common,
      query_pre_attn_scalar: 32,
      sliding_window: 16,
      num_hidden_layers: 6,
      rope_theta: 1e6,
      rope_local_base_freq: 10000,
      rope_scaling: { rope_type: "linear", factor: 8 },
    },
    gpt2: {
      architectures: ["GPT2LMHeadModel"],
      vocab_size: 2048,
      n_embd: 128 * scale,
      n_head: 4,
      n_layer: 2,
      n_positions: 256,
      tie_word_embeddings: false,
    },
    qwen2moe: {
      architectures: ["Qwen2MoeForCausalLM"],
      ...common,
      ...mixture,
      shared_expert_intermediate_size: hidden,
    },
    qwen3moe: { architectures: ["Qwen3MoeForCausalLM"], ...common, ...mixture, head_dim: 64, norm_topk_prob: true },
    olmoe: { architectures: ["OlmoeForCausalLM"], ...common, ...mixture, num_key_value_heads: 2 * scale },
    "deepseek2, version 2": { architectures: ["DeepseekV2ForCausalLM"], ...latent },
    "deepseek2, version 3": {
      architectures: ["DeepseekV3ForCausalLM"],
      ...latent,
      routed_scaling_factor: 2.5,
      rope_scaling: { ...yarn, mscale: 1, mscale_all_dim: 1 },
    },
    lfm2: {
      architectures: ["Lfm2ForCausalLM"],
      ...common,
      num_hidden_layers: 4,
      layer_types: ["conv", "full_attention", "conv", "conv"],
      block_multiple_of: 32,
      tie_word_embeddings: false,
    },
    mamba2: {
      architectures: ["Mamba2ForCausalLM"],
      vocab_size: 2048,
      hidden_size: width,
      num_hidden_layers: 2,
      num_heads: 4 * scale,
      head_dim: 32,
      state_size: 32,
      n_groups: 1,
    },
    granitehybrid: granite,
    "granitehybrid with experts": { ...granite, num_local_experts: 4, num_experts_per_tok: 2 },
    qwen3next: { architectures: ["Qwen3NextForCausalLM"], ...withShared },
    qwen35: { architectures: ["Qwen3_5ForCausalLM"], ...deltaNet },
    qwen35moe: { architectures: ["Qwen3_5MoeForCausalLM"], ...withShared },
    "gpt-oss": {
      architectures: ["GptOssForCausalLM"],
      ...common,
      num_local_experts: 4,
      num_experts_per_tok: 2,
      sliding_window: 16,
      rope_scaling: { ...yarn, beta_fast: 32, beta_slow: 1, truncate: false },
    },
  };
}
