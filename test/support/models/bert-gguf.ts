import type { GgufValue } from "../../../src/formats/gguf/header.ts";
import { ggufFile, type TestTensor, text, texts, u32 } from "../../formats/gguf-files.ts";
import type { WrittenTensor } from "./safetensors.ts";

/** The fields of a BERT's config.json that a GGUF file has. */
export interface BertSizes {
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly intermediate_size: number;
  readonly max_position_embeddings: number;
  readonly type_vocab_size: number;
  readonly layer_norm_eps: number;
}

/** Names of a layer's parts here and in GGUF, without `weight` and `bias`. */
const parts: readonly (readonly [string, string])[] = [
  ["attention.self.query", "attn_q"],
  ["attention.self.key", "attn_k"],
  ["attention.self.value", "attn_v"],
  ["attention.output.dense", "attn_output"],
  ["attention.output.LayerNorm", "attn_output_norm"],
  ["intermediate.dense", "ffn_up"],
  ["output.dense", "ffn_down"],
  ["output.LayerNorm", "layer_output_norm"],
];

/** A BERT's name of each tensor by that in GGUF, as llama.cpp's converter writes them (gguf-py, tensor_mapping.py). */
function tensorNames(layers: number): readonly (readonly [string, string])[] {
  const both = (from: string, to: string) =>
    ["weight", "bias"].map((kind) => [`${from}.${kind}`, `${to}.${kind}`] as const);
  return [
    ["embeddings.word_embeddings.weight", "token_embd.weight"],
    ["embeddings.position_embeddings.weight", "position_embd.weight"],
    ["embeddings.token_type_embeddings.weight", "token_types.weight"],
    ...both("embeddings.LayerNorm", "token_embd_norm"),
    ...Array.from({ length: layers }, (_, i) =>
      parts.flatMap(([from, to]) => both(`encoder.layer.${i}.${from}`, `blk.${i}.${to}`)),
    ).flat(),
  ];
}

/** The shapes of a BERT's tensors, by their names in a folder of Hugging Face. */
export function bertShapes(sizes: BertSizes, vocabulary: number): Record<string, readonly number[]> {
  const { hidden_size: width, intermediate_size: inner } = sizes;
  const rows: Readonly<Record<string, number>> = {
    "token_embd.weight": vocabulary,
    "position_embd.weight": sizes.max_position_embeddings,
    "token_types.weight": sizes.type_vocab_size,
  };
  const shapeOf = (name: string): readonly number[] => {
    const outputs = name.includes("ffn_up") ? inner : width;
    if (name.endsWith(".bias") || name.includes("norm")) return [outputs];
    return [rows[name] ?? outputs, name.includes("ffn_down") ? inner : width];
  };
  return Object.fromEntries(tensorNames(sizes.num_hidden_layers).map(([here, there]) => [here, shapeOf(there)]));
}

const flag = (value: boolean): GgufValue => ({ type: "bool", value });
const f32 = (value: number): GgufValue => ({ type: "f32", value });

/** The kinds of tokens and llama.cpp's numbers for them. */
const kinds = { normal: 1, unknown: 2, control: 3 } as const;

/** The vocabulary of WordPiece as llama.cpp has it: `▁` before a word's first piece, and no `##` before others. */
function tokenizerValues(vocabulary: Readonly<Record<string, number>>, types: number): Record<string, GgufValue> {
  const tokens = Object.keys(vocabulary).sort((a, b) => (vocabulary[a] ?? 0) - (vocabulary[b] ?? 0));
  const id = (token: string) => u32(vocabulary[token] ?? Number.NaN);
  const isSpecial = (token: string) => /^\[[A-Z]+\]$/.test(token);
  const spelt = (token: string) =>
    isSpecial(token) ? token : token.startsWith("##") ? token.slice(2) : `\u2581${token}`;
  const kindOf = (token: string) =>
    token === "[UNK]" ? kinds.unknown : isSpecial(token) ? kinds.control : kinds.normal;
  return {
    "tokenizer.ggml.model": text("bert"),
    "tokenizer.ggml.pre": text("default"),
    "tokenizer.ggml.tokens": texts(tokens.map(spelt)),
    "tokenizer.ggml.token_type": { type: "array", of: "i32", value: tokens.map(kindOf) },
    "tokenizer.ggml.token_type_count": u32(types),
    "tokenizer.ggml.bos_token_id": id("[CLS]"),
    "tokenizer.ggml.cls_token_id": id("[CLS]"),
    "tokenizer.ggml.eos_token_id": id("[SEP]"),
    "tokenizer.ggml.seperator_token_id": id("[SEP]"), // GGUF's spelling
    "tokenizer.ggml.unknown_token_id": id("[UNK]"),
    "tokenizer.ggml.padding_token_id": id("[PAD]"),
    "tokenizer.ggml.mask_token_id": id("[MASK]"),
  };
}

/** A BERT as the GGUF file that llama.cpp's converter would make of it, with f32 weights and this pooling of states. */
export function bertGguf(
  sizes: BertSizes,
  vocabulary: Readonly<Record<string, number>>,
  tensors: Readonly<Record<string, WrittenTensor>>,
  pooling: "mean" | "cls",
): Uint8Array<ArrayBuffer> {
  const written = tensorNames(sizes.num_hidden_layers).map(([here, name]): TestTensor => {
    const tensor = tensors[here];
    if (tensor?.dtype !== "f32") throw new Error(`${here} is ${tensor?.dtype ?? "missing"}, expected f32`);
    const { buffer, byteOffset, byteLength } = tensor.elements;
    return { name, type: "F32", shape: tensor.shape, bytes: new Uint8Array(buffer, byteOffset, byteLength) };
  });
  return ggufFile(
    {
      "general.architecture": text("bert"),
      "general.file_type": u32(0),
      "bert.block_count": u32(sizes.num_hidden_layers),
      "bert.context_length": u32(sizes.max_position_embeddings),
      "bert.embedding_length": u32(sizes.hidden_size),
      "bert.feed_forward_length": u32(sizes.intermediate_size),
      "bert.attention.head_count": u32(sizes.num_attention_heads),
      "bert.attention.layer_norm_epsilon": f32(sizes.layer_norm_eps),
      "bert.attention.causal": flag(false),
      "bert.pooling_type": u32(pooling === "mean" ? 1 : 2),
      ...tokenizerValues(vocabulary, sizes.type_vocab_size),
    },
    written,
  );
}
