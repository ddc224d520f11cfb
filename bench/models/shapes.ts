/** The `config.json` of a model. */
export type ModelConfig = Readonly<Record<string, unknown>>;

const llama = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  hidden_act: "silu",
  torch_dtype: "float16",
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
  bos_token_id: 256,
  eos_token_id: 256,
};

const qwen3 = { ...llama, architectures: ["Qwen3ForCausalLM"], model_type: "qwen3", rms_norm_eps: 1e-6 };

/** Published models by name: the parts of their `config.json` that determine speed. */
export const modelShapes: Readonly<Record<string, ModelConfig>> = {
  // For tests of the bench itself.
  tiny: {
    ...llama,
    hidden_size: 64,
    intermediate_size: 128,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 16,
    vocab_size: 320,
    max_position_embeddings: 512,
    rope_theta: 10_000,
  },
  "SmolLM2-135M": {
    ...llama,
    hidden_size: 576,
    intermediate_size: 1536,
    num_hidden_layers: 30,
    num_attention_heads: 9,
    num_key_value_heads: 3,
    vocab_size: 49_152,
    max_position_embeddings: 8192,
    rope_theta: 100_000,
  },
  // Not a published model: about as large as SmolLM2-135M, with rows of multiples of 256, so that all matrices can be
  // Q4_K, and with room for 16,384 tokens.
  "Llama-150M": {
    ...llama,
    hidden_size: 768,
    intermediate_size: 2048,
    num_hidden_layers: 18,
    num_attention_heads: 12,
    num_key_value_heads: 4,
    vocab_size: 49_152,
    max_position_embeddings: 32_768,
    rope_theta: 100_000,
  },
  "SmolLM2-360M": {
    ...llama,
    hidden_size: 960,
    intermediate_size: 2560,
    num_hidden_layers: 32,
    num_attention_heads: 15,
    num_key_value_heads: 5,
    vocab_size: 49_152,
    max_position_embeddings: 8192,
    rope_theta: 100_000,
  },
  "Qwen3-0.6B": {
    ...qwen3,
    hidden_size: 1024,
    intermediate_size: 3072,
    num_hidden_layers: 28,
    num_attention_heads: 16,
    head_dim: 128,
    num_key_value_heads: 8,
    vocab_size: 151_936,
    max_position_embeddings: 40_960,
    rope_theta: 1_000_000,
  },
  // Without its long-context frequencies, which do not affect speed.
  "Llama-3.2-1B": {
    ...llama,
    hidden_size: 2048,
    intermediate_size: 8192,
    num_hidden_layers: 16,
    num_attention_heads: 32,
    head_dim: 64,
    num_key_value_heads: 8,
    vocab_size: 128_256,
    max_position_embeddings: 131_072,
    rope_theta: 500_000,
  },
};

/** The shape with this name; case does not matter. Throws a RangeError. */
export function findShape(name: string): readonly [name: string, config: ModelConfig] {
  const found = Object.entries(modelShapes).find(([key]) => key.toLowerCase() === name.toLowerCase());
  if (found) return found;
  throw new RangeError(`there is no shape "${name}"; there are ${Object.keys(modelShapes).join(", ")}`);
}
