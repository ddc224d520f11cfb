import type { ExpertNames } from "./experts.ts";

/** The differences between members of the Llama family; the rest is in their configs. */
export interface Member {
  /** Default of `rms_norm_eps`. */
  readonly eps: number;
  readonly theta: number;
  /**
   * Query, key and value projections have a bias, always or where `qkv_bias` is not false (Qwen2). Unset: they and the
   * output have one where `attention_bias` is true.
   */
  readonly qkvBias?: true | "qkv_bias";
  /** Queries and keys are normed before rotation: each head separately (Qwen3), or all heads as one vector (OLMoE). */
  readonly qkNorm?: "heads" | "whole";
  /**
   * Which layers have a window of `sliding_window` where `layer_types` is absent: all; or, if `use_sliding_window` is
   * set (Qwen), all, those from `max_window_layers` on, or an error, since versions of transformers disagree. A number:
   * all but those whose number, counted from 1, is a multiple of it. Unset: the field has no effect.
   */
  readonly window?: "all" | "flagged: all" | "flagged: late" | "flagged: unknown" | number;
  /** The scaling of positions does not apply to layers with a window (OLMo 3). */
  readonly localUnscaled?: boolean;
  /** Norms are applied to the outputs of layers, not to their inputs (OLMo 2). */
  readonly normsAfter?: boolean;
  /** The projections of queries, keys and values are one tensor, and those of gates and ups another (Phi-3). */
  readonly fused?: boolean;
  /** Some layers do not rotate queries and keys: every fourth, unless a list or another interval is given (SmolLM3). */
  readonly unrotated?: boolean;
  /** Names of the experts in the config and the checkpoint, where layers have them. */
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

const olmoe: ExpertNames = {
  experts: { field: "num_experts", fallback: 64 },
  chosen: { field: "num_experts_per_tok", fallback: 8 },
  width: "intermediate_size",
  normalise: "norm_topk_prob",
  router: "mlp.gate",
  gate: "mlp.experts.*.gate_proj",
  up: "mlp.experts.*.up_proj",
  down: "mlp.experts.*.down_proj",
  fused: { gateUp: "mlp.experts.gate_up_proj", down: "mlp.experts.down_proj" },
};

const qwen3Moe: ExpertNames = {
  ...olmoe,
  experts: { field: "num_experts", also: "num_local_experts", fallback: 128 },
  width: "moe_intermediate_size",
  denseLayers: true,
};

export const qwen2Moe: ExpertNames = {
  ...olmoe,
  experts: { field: "num_experts", fallback: 60 },
  chosen: { field: "num_experts_per_tok", fallback: 4 },
  width: "moe_intermediate_size",
  denseLayers: true,
  shared: {
    width: "shared_expert_intermediate_size",
    gate: "mlp.shared_expert.gate_proj",
    up: "mlp.shared_expert.up_proj",
    down: "mlp.shared_expert.down_proj",
    weighing: "mlp.shared_expert_gate",
  },
};

/**
 * The Llama family: pre-norm RMS, rotary positions in halves, grouped-query attention, SwiGLU (Touvron et al. 2023;
 * Jiang et al. 2023 for Mistral's window, 2024 for Mixtral's experts; the Qwen2 and Qwen3 technical reports for theirs,
 * with experts or without; Muennighoff et al. 2024 for OLMoE; OLMo et al. 2024 for OLMo 2 and 2025 for OLMo 3; Abdin et
 * al. 2024 for Phi-3's matrices; Hugging Face 2025 for SmolLM3).
 */
export const members: Readonly<Record<string, Member>> = {
  LlamaForCausalLM: { eps: 1e-6, theta: 10000 },
  MistralForCausalLM: { eps: 1e-6, theta: 10000, window: "all" },
  MixtralForCausalLM: { eps: 1e-5, theta: 1e6, window: "all", experts: mixtral },
  Olmo2ForCausalLM: { eps: 1e-5, theta: 10000, qkNorm: "whole", normsAfter: true },
  Olmo3ForCausalLM: { eps: 1e-5, theta: 10000, qkNorm: "whole", normsAfter: true, window: 4, localUnscaled: true },
  OlmoeForCausalLM: { eps: 1e-5, theta: 10000, qkNorm: "whole", experts: olmoe },
  Phi3ForCausalLM: { eps: 1e-5, theta: 10000, window: "all", fused: true },
  Qwen2ForCausalLM: { eps: 1e-6, theta: 10000, qkvBias: true, window: "flagged: late" },
  Qwen2MoeForCausalLM: { eps: 1e-6, theta: 10000, qkvBias: "qkv_bias", window: "flagged: unknown", experts: qwen2Moe },
  Qwen3ForCausalLM: { eps: 1e-6, theta: 10000, qkNorm: "heads", window: "flagged: late" },
  Qwen3MoeForCausalLM: { eps: 1e-6, theta: 10000, qkNorm: "heads", window: "flagged: all", experts: qwen3Moe },
  SmolLM3ForCausalLM: { eps: 1e-6, theta: 2e6, window: "flagged: unknown", unrotated: true },
};

/** The member with this name; throws `TypeError` for another name. */
export function memberOf(architecture: string): Member {
  const member = members[architecture];
  if (!member) throw new TypeError(`${architecture} is not a member of the Llama family`);
  return member;
}
