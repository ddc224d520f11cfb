/** Shapes of the weights that a Llama-family config implies. */
export function llamaShapes(config: Readonly<Record<string, unknown>>): Record<string, number[]> {
  const size = (name: string) => Number(config[name]);
  const c = size("hidden_size");
  const f = size("intermediate_size");
  const v = size("vocab_size");
  const d = Number(config["head_dim"] ?? c / size("num_attention_heads"));
  const q = size("num_attention_heads") * d;
  const kv = size("num_key_value_heads") * d;
  const architecture = (config["architectures"] as string[])[0];
  const shapes: Record<string, number[]> = { "model.embed_tokens.weight": [v, c], "model.norm.weight": [c] };
  if (!config["tie_word_embeddings"]) shapes["lm_head.weight"] = [v, c];
  for (let layer = 0; layer < size("num_hidden_layers"); layer++) {
    const add = (name: string, shape: number[]) => {
      shapes[`model.layers.${layer}.${name}`] = shape;
    };
    add("input_layernorm.weight", [c]);
    add("post_attention_layernorm.weight", [c]);
    add("self_attn.q_proj.weight", [q, c]);
    add("self_attn.k_proj.weight", [kv, c]);
    add("self_attn.v_proj.weight", [kv, c]);
    add("self_attn.o_proj.weight", [c, q]);
    if (architecture === "Qwen2ForCausalLM") {
      add("self_attn.q_proj.bias", [q]);
      add("self_attn.k_proj.bias", [kv]);
      add("self_attn.v_proj.bias", [kv]);
    }
    if (architecture === "Qwen3ForCausalLM") {
      add("self_attn.q_norm.weight", [d]);
      add("self_attn.k_norm.weight", [d]);
    }
    add("mlp.gate_proj.weight", [f, c]);
    add("mlp.up_proj.weight", [f, c]);
    add("mlp.down_proj.weight", [c, f]);
  }
  return shapes;
}

/** Shapes of GPT-2's weights. */
export function gpt2Shapes(
  config: Readonly<Record<string, unknown>>,
  prefix = "transformer.",
): Record<string, number[]> {
  const c = Number(config["n_embd"]);
  const f = 4 * c;
  const shapes: Record<string, number[]> = {
    [`${prefix}wte.weight`]: [Number(config["vocab_size"]), c],
    [`${prefix}wpe.weight`]: [Number(config["n_positions"]), c],
    [`${prefix}ln_f.weight`]: [c],
    [`${prefix}ln_f.bias`]: [c],
  };
  for (let layer = 0; layer < Number(config["n_layer"]); layer++) {
    for (const [name, shape] of Object.entries({
      "ln_1.weight": [c],
      "ln_1.bias": [c],
      "ln_2.weight": [c],
      "ln_2.bias": [c],
      "attn.c_attn.weight": [c, 3 * c],
      "attn.c_attn.bias": [3 * c],
      "attn.c_proj.weight": [c, c],
      "attn.c_proj.bias": [c],
      "mlp.c_fc.weight": [c, f],
      "mlp.c_fc.bias": [f],
      "mlp.c_proj.weight": [f, c],
      "mlp.c_proj.bias": [c],
    })) {
      shapes[`${prefix}h.${layer}.${name}`] = shape;
    }
  }
  return shapes;
}
