import { readFileSync } from "node:fs";

/** A tokenizer.json as an object that a test may change. */
export type TokenizerFile = Record<string, unknown>;

function readJson(path: string): TokenizerFile {
  return JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), "utf8"));
}

/** The bundled model's tokenizer: byte-level BPE, 2,048 tokens, bos template. */
export const voicesTokenizer = (): TokenizerFile => readJson("examples/models/voices-dense/tokenizer.json");
export const voicesConfig = (): TokenizerFile => readJson("examples/models/voices-dense/tokenizer_config.json");

/** What an independent implementation made of the same model: prompts, their ids, and continuations. */
export interface GoldenPrompt {
  readonly prompt: string;
  readonly promptTokens: readonly number[];
  readonly greedyTokens: readonly number[];
  readonly greedyText: string;
}

export function voicesGolden(): readonly GoldenPrompt[] {
  return readJson("test/golden/voices-dense.json")["prompts"] as GoldenPrompt[];
}

/** The bundled tokenizer with another pre-tokenizer in front of its byte-level alphabet. */
export function voicesWith(changes: TokenizerFile): TokenizerFile {
  return { ...voicesTokenizer(), ...changes };
}

/** A pre-tokenizer made of steps, with the byte-level alphabet last. */
export function thenBytes(...steps: readonly TokenizerFile[]): TokenizerFile {
  return {
    type: "Sequence",
    pretokenizers: [...steps, { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false }],
  };
}

export const byteToken = (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;

/** The decoder of Llama 2. */
export const llama2Decoder: TokenizerFile = {
  type: "Sequence",
  decoders: [
    { type: "Replace", pattern: { String: "▁" }, content: " " },
    { type: "ByteFallback" },
    { type: "Fuse" },
    { type: "Strip", content: " ", start: 1, stop: 0 },
  ],
};

/**
 * A tokenizer built like Llama 2's: spaces written as ▁, one put in front, characters outside the vocabulary as bytes.
 * Ids: 0 to 2 special, 3 to 258 the bytes 0 to 255, then characters and what the merges make.
 */
export function byteFallbackTokenizer(changes: TokenizerFile = {}): TokenizerFile {
  const vocab: Record<string, number> = {};
  const add = (token: string) => {
    vocab[token] ??= Object.keys(vocab).length;
  };
  for (const token of ["<unk>", "<s>", "</s>"]) add(token);
  for (let byte = 0; byte < 256; byte++) add(byteToken(byte));
  for (const character of "▁abcdehst!.") add(character);
  const merges = ["t h", "th e", "▁ the", "▁ a", "a b", "▁a b", "▁ ▁"];
  for (const merge of merges) add(merge.replace(" ", ""));
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: ["<unk>", "<s>", "</s>"].map((content, id) => ({ id, content, special: true, normalized: false })),
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Prepend", prepend: "▁" },
        { type: "Replace", pattern: { String: " " }, content: "▁" },
      ],
    },
    pre_tokenizer: null,
    post_processor: {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
      pair: [],
      special_tokens: { "<s>": { id: "<s>", ids: [1], tokens: ["<s>"] } },
    },
    decoder: llama2Decoder,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: "<unk>",
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab,
      merges,
    },
    ...changes,
  };
}
