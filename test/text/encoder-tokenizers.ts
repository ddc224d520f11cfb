// tokenizer.json files in the manner of well-known encoders, small.
import { type TokenizerFile, voicesTokenizer } from "./example-tokenizers.ts";

const added = (...tokens: readonly (readonly [content: string, id: number])[]) =>
  tokens.map(([content, id]) => ({
    id,
    content,
    single_word: false,
    lstrip: content === "<mask>",
    rstrip: false,
    normalized: false,
    special: true,
  }));

const LETTERS = [..."abcdefghijklmnopqrstuvwxyz0123456789"];

/** BERT's: WordPiece with the template of its pairs. */
export function bertFile(changes: TokenizerFile = {}): TokenizerFile {
  const special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
  const words = [
    "the",
    "un",
    "aff",
    "able",
    "whale",
    "σασ",
    "i̇",
    "naive",
    "ß",
    "don",
    "t",
    "'",
    "’",
    "$",
    "!",
    ".",
    ",",
  ];
  const pieces = ["##aff", "##able", "##s", "##ing", "##e", "##́"];
  const others = [
    "鯨",
    "は",
    "海",
    "𠀀",
    "한",
    "☃",
    "😀",
    "-",
    "_",
    "^",
    "`",
    "|",
    "~",
    "+",
    "<",
    "=",
    ">",
    "«",
    "»",
    "…",
  ];
  const tokens = [...special, ...words, ...pieces, ...others, ...LETTERS, ...LETTERS.map((letter) => `##${letter}`)];
  const vocab = Object.fromEntries([...new Set(tokens)].map((token, id) => [token, id]));
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added(["[PAD]", 0], ["[UNK]", 1], ["[CLS]", 2], ["[SEP]", 3], ["[MASK]", 4]),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [
        { SpecialToken: { id: "[CLS]", type_id: 0 } },
        { Sequence: { id: "A", type_id: 0 } },
        { SpecialToken: { id: "[SEP]", type_id: 0 } },
      ],
      pair: [
        { SpecialToken: { id: "[CLS]", type_id: 0 } },
        { Sequence: { id: "A", type_id: 0 } },
        { SpecialToken: { id: "[SEP]", type_id: 0 } },
        { Sequence: { id: "B", type_id: 1 } },
        { SpecialToken: { id: "[SEP]", type_id: 1 } },
      ],
      special_tokens: {
        "[CLS]": { id: "[CLS]", ids: [2], tokens: ["[CLS]"] },
        "[SEP]": { id: "[SEP]", ids: [3], tokens: ["[SEP]"] },
      },
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab,
    },
    ...changes,
  };
}

/** RoBERTa's: byte-level BPE, made of the bundled model's tokenizer. */
export function robertaFile(changes: TokenizerFile = {}): TokenizerFile {
  const file = voicesTokenizer();
  return {
    ...file,
    added_tokens: [...added(["<|bos|>", 0], ["<|eos|>", 1]), { ...added(["<mask>", 2048])[0], lstrip: true }],
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: {
      type: "RobertaProcessing",
      cls: ["<|bos|>", 0],
      sep: ["<|eos|>", 1],
      trim_offsets: true,
      add_prefix_space: false,
    },
    ...changes,
  };
}

/** XLM-R's: Unigram over words that begin with ▁; T5's sentinels as added tokens. */
export function unigramFile(changes: TokenizerFile = {}): TokenizerFile {
  const pieces: [string, number][] = [
    ["<s>", 0],
    ["<pad>", 0],
    ["</s>", 0],
    ["<unk>", 0],
    ["▁", -2.1],
    ["▁the", -3.1],
    ["▁whale", -6.3],
    ["whale", -6.9],
    ["s", -3.3],
    ["ing", -4.4],
    ["▁sea", -5.7],
    ["é", -8.5],
    ["鯨", -9.25],
    ["...", -7.7],
    ["▁▁", -9.4],
    ...LETTERS.map((letter, i): [string, number] => [letter, letter === "s" ? -3.3 : -9 - i / 7]),
    [".", -5.5],
    [",", -5.6],
    ["!", -7.5],
  ];
  const seen = new Set<string>();
  const vocab = pieces.filter(([piece]) => !seen.has(piece) && seen.add(piece));
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [
      ...added(["<s>", 0], ["<pad>", 1], ["</s>", 2], ["<unk>", 3]),
      ...added(["<extra_id_1>", vocab.length], ["<extra_id_0>", vocab.length + 1], ["<mask>", vocab.length + 2]),
    ],
    normalizer: { type: "NFKC" },
    pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
    post_processor: {
      type: "TemplateProcessing",
      single: [
        { SpecialToken: { id: "<s>", type_id: 0 } },
        { Sequence: { id: "A", type_id: 0 } },
        { SpecialToken: { id: "</s>", type_id: 0 } },
      ],
      pair: [
        { SpecialToken: { id: "<s>", type_id: 0 } },
        { Sequence: { id: "A", type_id: 0 } },
        { SpecialToken: { id: "</s>", type_id: 0 } },
        { SpecialToken: { id: "</s>", type_id: 0 } },
        { Sequence: { id: "B", type_id: 0 } },
        { SpecialToken: { id: "</s>", type_id: 0 } },
      ],
      special_tokens: {
        "<s>": { id: "<s>", ids: [0], tokens: ["<s>"] },
        "</s>": { id: "</s>", ids: [2], tokens: ["</s>"] },
      },
    },
    decoder: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
    model: { type: "Unigram", unk_id: 3, vocab, byte_fallback: false },
    ...changes,
  };
}

/** Whole words. */
export function wordLevelFile(changes: TokenizerFile = {}): TokenizerFile {
  const tokens = ["[UNK]", "[CLS]", "[SEP]", "the", "The", "whale", "sea", ".", "!", "café", "鯨"];
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added(["[UNK]", 0], ["[CLS]", 1], ["[SEP]", 2]),
    normalizer: null,
    pre_tokenizer: { type: "Whitespace" },
    post_processor: { type: "BertProcessing", cls: ["[CLS]", 1], sep: ["[SEP]", 2] },
    decoder: null,
    model: {
      type: "WordLevel",
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      unk_token: "[UNK]",
    },
    ...changes,
  };
}
