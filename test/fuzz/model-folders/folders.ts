import { readFileSync } from "node:fs";
import { gpt2Shapes, llamaShapes } from "../../../bench/models/weight-shapes.ts";
import { mixtralShapes } from "../../models/mixtral-checkpoint.ts";
import { familyShapes } from "../../support/models/family-shapes.ts";

export type Json = Record<string, unknown>;

/** A tensor of a checkpoint; its values are zeros, which nothing reads here. */
export interface Stored {
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** A model folder before it is written: a mutation changes a copy. */
export interface Folder {
  readonly name: string;
  config: Json;
  generation: Json;
  tokenizerConfig: Json;
  tokenizer: Json;
  tensors: Record<string, Stored>;
  /** Files that the tensors are spread over; more than one have an index. */
  shards: number;
}

const golden = new URL("../../golden/", import.meta.url);
const json = (path: string): Json => JSON.parse(readFileSync(new URL(path, golden), "utf8"));

const tokenizer = json("olmoe/tokenizer.json");
const tokenizerConfig = { bos_token: "!", eos_token: "#", add_bos_token: true, model_max_length: 64 };
const generation = { eos_token_id: 4, do_sample: true, temperature: 0.8, top_k: 40, top_p: 0.9, max_new_tokens: 20 };

type Shapes = Readonly<Record<string, readonly number[]>>;

const stored = (shapes: Shapes, dtype: string) =>
  Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { dtype, shape }]));

const folder = (name: string, config: Json, tensors: Record<string, Stored>, shards = 1): Folder => ({
  name,
  config: { ...config, bos_token_id: 2, eos_token_id: 4 },
  generation,
  tokenizerConfig,
  tokenizer,
  tensors,
  shards,
});

const small: Json = {
  vocab_size: 96,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 4,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  hidden_act: "silu",
  tie_word_embeddings: false,
};

const named = (name: string, type: string, more: Json = {}): Json => ({
  architectures: [name],
  model_type: type,
  ...small,
  ...more,
});

/** Biases of a Llama's projections: of attention, and of its feed-forward layers. */
function withBiases(shapes: Shapes): Shapes {
  const weights = Object.entries(shapes).filter(([name]) => name.endsWith("_proj.weight"));
  const biases = weights.map(([name, shape]) => [name.replace(/weight$/, "bias"), shape.slice(0, 1)] as const);
  return { ...shapes, ...Object.fromEntries(biases) };
}

const llamaLike = (name: string, config: Json, dtype = "BF16", shards = 1) =>
  folder(name, config, stored(llamaShapes(config), dtype), shards);

const llama3 = { rope_type: "llama3", factor: 8, low_freq_factor: 1, high_freq_factor: 4 };
const yarn = { rope_type: "yarn", factor: 4, original_max_position_embeddings: 16 };
const biased = named("LlamaForCausalLM", "llama", { attention_bias: true, mlp_bias: true });
const mixtral = named("MixtralForCausalLM", "mixtral", { num_local_experts: 3, num_experts_per_tok: 2 });
const gemma = (architecture: string, more: Json) =>
  named(architecture, architecture === "Gemma2ForCausalLM" ? "gemma2" : "gemma3", {
    head_dim: 16,
    tie_word_embeddings: true,
    hidden_activation: "gelu_pytorch_tanh",
    torch_dtype: "bfloat16",
    query_pre_attn_scalar: 16,
    sliding_window: 8,
    ...more,
  });
const gpt2: Json = {
  architectures: ["GPT2LMHeadModel"],
  model_type: "gpt2",
  vocab_size: 96,
  n_embd: 16,
  n_head: 4,
  n_layer: 3,
  n_positions: 32,
  n_inner: null,
  layer_norm_epsilon: 1e-5,
  activation_function: "gelu_new",
  scale_attn_weights: true,
};
const masks = Object.fromEntries([0, 1, 2].map((layer) => [`transformer.h.${layer}.attn.bias`, [1, 1, 32, 32]]));

/** A folder of golden data, for its config and the names, types and shapes of its tensors. */
function goldenFolder(name: string, more: Json = {}, extra: Shapes = {}): Folder {
  const bytes = readFileSync(new URL(`${name}/model.safetensors`, golden));
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + Number(bytes.readBigUInt64LE()))) as Record<string, Stored>;
  const { __metadata__, ...tensors } = header;
  const kept = Object.entries(tensors).map(([tensor, { dtype, shape }]) => [tensor, { dtype, shape }] as const);
  return folder(
    name,
    { ...json(`${name}/config.json`), ...more },
    { ...Object.fromEntries(kept), ...stored(extra, "F32") },
  );
}

/** Tensors of a layer that predicts further tokens. */
const predicting = { "model.layers.3.input_layernorm.weight": [64], "model.layers.3.eh_proj.weight": [64, 128] };

/** A sound folder of every architecture, and of the settings that change which tensors there are. */
export const folders: readonly Folder[] = [
  llamaLike("Llama", named("LlamaForCausalLM", "llama", { rope_scaling: llama3 })),
  llamaLike("Llama, tied, sharded", named("LlamaForCausalLM", "llama", { tie_word_embeddings: true }), "F16", 3),
  folder("Llama with biases", biased, stored(withBiases(llamaShapes(biased)), "F32")),
  llamaLike("Mistral", named("MistralForCausalLM", "mistral", { sliding_window: 8 }), "F16"),
  llamaLike(
    "Qwen2",
    named("Qwen2ForCausalLM", "qwen2", { sliding_window: 8, use_sliding_window: true, max_window_layers: 1 }),
  ),
  llamaLike("Qwen3", named("Qwen3ForCausalLM", "qwen3", { attention_bias: false, rope_scaling: yarn }), "BF16", 2),
  folder("Mixtral", mixtral, stored(mixtralShapes(mixtral as never), "F16")),
  ...[
    named("Olmo3ForCausalLM", "olmo3", { sliding_window: 8, rope_scaling: yarn }),
    gemma("Gemma2ForCausalLM", {}),
    gemma("Gemma3ForCausalLM", { rope_local_base_freq: 5000, sliding_window_pattern: 2 }),
  ].map((config) => folder(String(config["architectures"]), config, stored(familyShapes(config), "BF16"))),
  folder("GPT-2 with its masks", gpt2, stored({ ...gpt2Shapes(gpt2), ...masks }, "F32")),
  folder(
    "GPT-2 with a head",
    { ...gpt2, tie_word_embeddings: false },
    stored({ ...gpt2Shapes(gpt2, ""), "lm_head.weight": [96, 16] }, "F32"),
  ),
  ...[
    "olmoe",
    "qwen2-moe",
    "qwen3-moe",
    "gpt-oss",
    "gpt-oss-mxfp4",
    "deepseek-v2",
    "deepseek-v2-lite",
    "lfm2",
    "qwen3-next",
    "falcon-h1",
    "granite-hybrid-moe",
  ].map((name) => goldenFolder(name)),
  goldenFolder("deepseek-v3", { num_nextn_predict_layers: 1 }, predicting),
];

/** Files of a folder as they lie on a disk. */
export type Files = Record<string, Uint8Array>;

/** A text that takes the place of a JSON value: `1e999`, which no value is written as. */
export const literal = (text: string) => `@literal:${text}`;

const utf8 = new TextEncoder();

/** JSON with its literals. */
export const jsonText = (value: unknown) => JSON.stringify(value).replaceAll(/"@literal:([^"]*)"/g, "$1");

const bits: Readonly<Record<string, number>> = {
  F64: 64,
  I64: 64,
  F32: 32,
  I32: 32,
  F16: 16,
  BF16: 16,
  I8: 8,
  U8: 8,
  F8_E4M3: 8,
};

/** Bytes of a tensor. */
export const sizeOf = ({ dtype, shape }: Stored) =>
  (shape.reduce((product, extent) => product * extent, 1) * (bits[dtype] ?? 32)) / 8;

/** A safetensors header, and how many bytes follow it. */
export function headerOf(tensors: Readonly<Record<string, Stored>>) {
  let at = 0;
  // Without a prototype, so that __proto__ is a name as any other.
  const header: Record<string, { dtype: string; shape: readonly number[]; data_offsets: [number, number] }> =
    Object.create(null);
  for (const [name, tensor] of Object.entries(tensors)) {
    const begin = at;
    at += sizeOf(tensor);
    header[name] = { ...tensor, data_offsets: [begin, at] };
  }
  return { header, bytes: at };
}

/** A safetensors file with this header text. */
export function weightsFile(header: string, bytes: number): Uint8Array {
  const text = utf8.encode(header);
  const file = new Uint8Array(8 + text.length + bytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  return file;
}

/** The files of a folder. */
export function write({ config, generation, tokenizerConfig, tokenizer, tensors, shards }: Folder): Files {
  const files: Files = {
    "config.json": utf8.encode(jsonText(config)),
    "generation_config.json": utf8.encode(jsonText(generation)),
    "tokenizer_config.json": utf8.encode(jsonText(tokenizerConfig)),
    "tokenizer.json": utf8.encode(jsonText(tokenizer)),
  };
  const names = Object.keys(tensors);
  const map: Record<string, string> = Object.create(null);
  for (let shard = 0; shard < shards; shard++) {
    const file = shards === 1 ? "model.safetensors" : `model-0000${shard + 1}-of-0000${shards}.safetensors`;
    const own = Object.fromEntries(
      names.flatMap((name, i) => (i % shards === shard ? [[name, tensors[name] as Stored]] : [])),
    );
    for (const name of Object.keys(own)) map[name] = file;
    const { header, bytes } = headerOf(own);
    files[file] = weightsFile(JSON.stringify(header), bytes);
  }
  if (shards > 1)
    files["model.safetensors.index.json"] = utf8.encode(JSON.stringify({ metadata: {}, weight_map: map }));
  return files;
}
