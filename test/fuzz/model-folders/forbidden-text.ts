// As forbidden.ts, for generation_config.json and the tokenizer's files.
import type { Folder, Json } from "./folders.ts";
import { absent, counts, factors, flags, never, type Table, tokenId } from "./forbidden.ts";

export const forbiddenGeneration: Table = {
  eos_token_id: tokenId,
  bos_token_id: tokenId,
  pad_token_id: tokenId,
  do_sample: flags,
  max_new_tokens: [...counts],
  temperature: [...never, "0.8", -1, 1e6, [1]],
  top_k: [...never, "40", -1, 2.5, 1e9, [40]],
  top_p: [...never, "0.9", -0.1, 1.1, [1]],
  min_p: [...never, "0.1", -0.1, 1.1],
  repetition_penalty: [...factors, 1e6],
  no_repeat_ngram_size: [...never, "3", -1, 0.5],
  // The text would be another.
  num_beams: [4],
  penalty_alpha: [0.6],
  typical_p: [0.5],
  forced_eos_token_id: [4],
  suppress_tokens: [[1, 2]],
  bad_words_ids: [[[3]]],
};

const token = [5, true, [], {}, { content: 5 }, "<|nowhere|>"];

export const forbiddenTokenizerConfig: Table = {
  bos_token: token,
  eos_token: token,
  add_bos_token: flags,
  add_eos_token: flags,
  chat_template: [5, true, {}, [5], [{}], [{ name: "default" }], [{ name: 1, template: "" }]],
};

const model = ({ tokenizer }: Folder, changes: Json) => ({ ...(tokenizer["model"] as Json), ...changes });
const vocab = (given: Folder, more: Json) =>
  model(given, { vocab: { ...(model(given, {})["vocab"] as Json), ...more } });

export const forbiddenTokenizer: Table = {
  model: (given) => [
    ...[null, absent, 5, [], {}, model(given, { type: "Whale" }), model(given, { type: 5 })],
    ...[null, [], {}, 5, "a", { a: "0" }, { a: -1 }, { a: 0.5 }, { a: 0, b: 0 }].map((all) =>
      model(given, { vocab: all }),
    ),
    ...["a b", 5, {}, [5], ["a"], [["a"]], [["a", "b", "c"]], ["nowhere else"]].map((merges) =>
      model(given, { merges }),
    ),
    vocab(given, { "token beyond": 96 }),
    vocab(given, { "token beyond": 1e9 }),
    vocab(given, { "token twice": 5 }),
    model(given, { byte_fallback: "yes" }),
    model(given, { unk_token: 5 }),
  ],
  added_tokens: [
    5,
    {},
    "x",
    [5],
    [{}],
    [{ id: 1 }],
    [{ content: "a" }],
    [{ id: "1", content: "a" }],
    [{ id: 96, content: "beyond" }],
  ],
  normalizer: [
    5,
    "NFC",
    [],
    { type: "Whale" },
    { type: 5 },
    { type: "Sequence" },
    { type: "Sequence", normalizers: {} },
  ],
  pre_tokenizer: [5, "ByteLevel", [], { type: "Whale" }, { type: "Sequence", pretokenizers: 5 }, { type: "Split" }],
  decoder: [5, "ByteLevel", [], { type: "Whale" }, { type: "Sequence", decoders: "x" }],
  post_processor: [5, [], { type: "Whale" }, { type: "TemplateProcessing", single: 5 }, { type: "TemplateProcessing" }],
};
