import type { GgufArchitecture } from "./architecture.ts";
import { tiedField } from "./decoder-fields.ts";

/** GPT-2, whose matrices are transposed in Hugging Face's files. */
export const gpt2: GgufArchitecture = {
  name: "gpt2",
  classes: ["GPT2LMHeadModel"],
  keys: {
    n_embd: "embedding_length",
    n_head: "attention.head_count",
    n_layer: "block_count",
    n_positions: "context_length",
    n_inner: "feed_forward_length",
    layer_norm_epsilon: "attention.layer_norm_epsilon",
  },
  fields: (facts) => ({ architectures: ["GPT2LMHeadModel"], activation_function: "gelu_new", ...tiedField(facts) }),
  outer: {
    "token_embd.weight": "transformer.wte.weight",
    "position_embd.weight": "transformer.wpe.weight",
    "output_norm.weight": "transformer.ln_f.weight",
    "output_norm.bias": "transformer.ln_f.bias",
    "output.weight": "lm_head.weight",
  },
  layer: "transformer.h.*.",
  inner: {
    "attn_norm.weight": "ln_1.weight",
    "attn_norm.bias": "ln_1.bias",
    "attn_qkv.weight": { kind: "transposed", to: "attn.c_attn.weight" },
    "attn_qkv.bias": "attn.c_attn.bias",
    "attn_output.weight": { kind: "transposed", to: "attn.c_proj.weight" },
    "attn_output.bias": "attn.c_proj.bias",
    "ffn_norm.weight": "ln_2.weight",
    "ffn_norm.bias": "ln_2.bias",
    "ffn_up.weight": { kind: "transposed", to: "mlp.c_fc.weight" },
    "ffn_up.bias": "mlp.c_fc.bias",
    "ffn_down.weight": { kind: "transposed", to: "mlp.c_proj.weight" },
    "ffn_down.bias": "mlp.c_proj.bias",
  },
};
