import type { GgufValue } from "../../src/formats/gguf/header.ts";
import { ggufFile, type TestTensor, text, texts, u32 } from "./gguf-files.ts";

const f32 = (value: number): GgufValue => ({ type: "f32", value });
const flag = (value: boolean): GgufValue => ({ type: "bool", value });
const i32s = (value: readonly number[]): GgufValue => ({ type: "array", of: "i32", value });
const f32s = (value: readonly number[]): GgufValue => ({ type: "array", of: "f32", value });

/** A tokenizer of SentencePiece's pairs: the tokens of bytes, letters, and some words. */
export function pieceTokenizer(): Record<string, GgufValue> {
  const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, "0")}>`);
  const words = ["▁a", "▁t", "he", "▁the", "in", "▁cat", "▁ca"];
  const letters = [..."▁abcdefghijklmnopqrstuvwxyz.,"];
  const tokens = ["<unk>", "<s>", "</s>", ...bytes, ...words, ...letters, "<|im_end|>"];
  const kinds = tokens.map((token, i) => (i === 0 ? 2 : i < 3 || token === "<|im_end|>" ? 3 : i < 259 ? 6 : 1));
  const scores = tokens.map((_, i) => (i < 259 ? 0 : -(i - 259)));
  return {
    "tokenizer.ggml.model": text("llama"),
    "tokenizer.ggml.tokens": texts(tokens),
    "tokenizer.ggml.token_type": i32s(kinds),
    "tokenizer.ggml.scores": f32s(scores),
    "tokenizer.ggml.bos_token_id": u32(1),
    "tokenizer.ggml.eos_token_id": u32(2),
    "tokenizer.ggml.add_bos_token": flag(true),
    "tokenizer.chat_template": text("{% for message in messages %}{{ message.content }}{% endfor %}"),
  };
}

/** A tokenizer of bytes as characters, with some merges. */
export function byteTokenizer(pre = "gpt-2"): Record<string, GgufValue> {
  const own = (byte: number) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte < 0xad) || byte > 0xad;
  let next = 0x100;
  const characters = Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(own(byte) ? byte : next++));
  const merges = ["t h", "th e", "Ġ the", "i n", "Ġ c", "Ġc a", "Ġca t"];
  const tokens = [...characters, ...merges.map((merge) => merge.replace(" ", "")), "<|endoftext|>", "<|im_end|>"];
  return {
    "tokenizer.ggml.model": text("gpt2"),
    "tokenizer.ggml.pre": text(pre),
    "tokenizer.ggml.tokens": texts(tokens),
    "tokenizer.ggml.token_type": i32s(tokens.map((token) => (token.startsWith("<|") ? 3 : 1))),
    "tokenizer.ggml.merges": texts(merges),
    "tokenizer.ggml.bos_token_id": u32(tokens.length - 2),
    "tokenizer.ggml.eos_token_id": u32(tokens.length - 2),
  };
}

/** How many tokens a tokenizer has. */
const sizeOf = (tokenizer: Record<string, GgufValue>) => {
  const tokens = tokenizer["tokenizer.ggml.tokens"]?.value;
  return Array.isArray(tokens) ? tokens.length : 0;
};

/** A model of one layer, eight elements wide, with two heads. */
export function tinyGguf(
  tokenizer: Record<string, GgufValue> = pieceTokenizer(),
  more: Record<string, GgufValue> = {},
): Uint8Array<ArrayBuffer> {
  const vector = (name: string): TestTensor => ({ name, type: "F32", shape: [8] });
  const matrix = (name: string, rows: number, columns: number): TestTensor => ({
    name,
    type: "F16",
    shape: [rows, columns],
  });
  return ggufFile(
    {
      "general.architecture": text("llama"),
      "general.file_type": u32(1),
      "llama.block_count": u32(1),
      "llama.context_length": u32(64),
      "llama.embedding_length": u32(8),
      "llama.feed_forward_length": u32(16),
      "llama.attention.head_count": u32(2),
      "llama.attention.head_count_kv": u32(1),
      "llama.attention.layer_norm_rms_epsilon": f32(1e-5),
      "llama.rope.freq_base": f32(10000),
      ...tokenizer,
      ...more,
    },
    [
      matrix("token_embd.weight", sizeOf(tokenizer), 8),
      vector("output_norm.weight"),
      vector("blk.0.attn_norm.weight"),
      matrix("blk.0.attn_q.weight", 8, 8),
      matrix("blk.0.attn_k.weight", 4, 8),
      matrix("blk.0.attn_v.weight", 4, 8),
      matrix("blk.0.attn_output.weight", 8, 8),
      vector("blk.0.ffn_norm.weight"),
      matrix("blk.0.ffn_gate.weight", 16, 8),
      matrix("blk.0.ffn_up.weight", 16, 8),
      matrix("blk.0.ffn_down.weight", 8, 16),
    ],
  );
}
