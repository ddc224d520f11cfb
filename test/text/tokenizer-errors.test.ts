import { describe, expect, test } from "vitest";
import { createTokenizer } from "../../src/text/create-tokenizer.ts";
import { TextError } from "../../src/text/text-error.ts";
import {
  byteFallbackTokenizer,
  type TokenizerFile,
  thenBytes,
  voicesConfig,
  voicesTokenizer,
} from "./example-tokenizers.ts";

function messageOf(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(TextError);
    return error instanceof Error ? error.message : "";
  }
  throw new Error("nothing was thrown");
}

/** The message for the bundled tokenizer.json with other fields. */
const broken = (changes: TokenizerFile) => messageOf(() => createTokenizer({ ...voicesTokenizer(), ...changes }, {}));
const model = (changes: TokenizerFile) =>
  broken({ model: { ...(voicesTokenizer()["model"] as TokenizerFile), ...changes } });
const small = (changes: TokenizerFile) => model({ vocab: { a: 0, b: 1, ab: 2 }, merges: [["a", "b"]], ...changes });
const added = (...tokens: unknown[]) => broken({ added_tokens: tokens });

describe("a tokenizer.json that cannot be used is refused by name and field", () => {
  test("not an object", () => {
    expect(messageOf(() => createTokenizer(null, {}))).toBe("tokenizer.json is null, expected an object");
    expect(messageOf(() => createTokenizer([], {}))).toBe("tokenizer.json is an array of 0, expected an object");
    expect(messageOf(() => createTokenizer("{}", {}))).toBe('tokenizer.json is "{}", expected an object');
    expect(messageOf(() => createTokenizer(voicesTokenizer(), 3))).toBe(
      "tokenizer_config.json is 3, expected an object",
    );
  });

  test("the model", () => {
    expect(broken({ model: undefined })).toBe("tokenizer.json: model is missing, expected an object");
    expect(model({ type: "WordNet" })).toBe(
      'tokenizer.json: model.type is "WordNet", known are BPE, Unigram, WordPiece, WordLevel',
    );
    expect(model({ type: "WordLevel", unk_token: 7 })).toBe("tokenizer.json: model.unk_token is 7, expected a string");
    expect(model({ type: 7 })).toBe("tokenizer.json: model.type is 7, expected a string");
    expect(model({ unk_token: 7 })).toBe("tokenizer.json: model.unk_token is 7, expected a string");
    expect(model({ byte_fallback: "yes" })).toBe(
      'tokenizer.json: model.byte_fallback is "yes", expected true or false',
    );
    expect(model({ continuing_subword_prefix: "##" })).toBe(
      'tokenizer.json: model.continuing_subword_prefix is "##": not supported',
    );
  });

  test("the vocabulary", () => {
    expect(model({ vocab: null })).toBe("tokenizer.json: model.vocab is null, expected an object");
    expect(model({ vocab: {} })).toBe("tokenizer.json: model.vocab is empty");
    const range = "expected an integer from 0 to 16777216";
    expect(small({ vocab: { a: -1 } })).toBe(`tokenizer.json: model.vocab["a"] is -1, ${range}`);
    expect(small({ vocab: { a: 0.5 } })).toBe(`tokenizer.json: model.vocab["a"] is 0.5, ${range}`);
    expect(small({ vocab: { a: "0" } })).toBe(`tokenizer.json: model.vocab["a"] is "0", ${range}`);
    expect(small({ vocab: { a: 4294967295 } })).toBe(`tokenizer.json: model.vocab["a"] is 4294967295, ${range}`);
    expect(small({ vocab: { a: 0, b: 0 } })).toBe('tokenizer.json: model.vocab["b"] is 0, which is also "a"');
    expect(small({ vocab: { "\ud83d": 0 } })).toBe(
      'tokenizer.json: model.vocab["\\ud83d"]: the token is not well-formed Unicode',
    );
  });

  test("the merges", () => {
    const two = "expected two tokens";
    expect(small({ merges: undefined })).toBe("tokenizer.json: model.merges is missing, expected an array");
    expect(small({ merges: ["ab"] })).toBe(`tokenizer.json: model.merges[0] is "ab", ${two}`);
    expect(small({ merges: ["a b", "a b c"] })).toBe(`tokenizer.json: model.merges[1] is "a b c", ${two}`);
    expect(small({ merges: [["a", 1]] })).toBe(`tokenizer.json: model.merges[0] is an array of 2, ${two}`);
    expect(small({ merges: [7] })).toBe("tokenizer.json: model.merges[0] is 7, expected an array");
    expect(small({ merges: ["a x"] })).toBe('tokenizer.json: model.merges[0] is "a x", but model.vocab has no "x"');
    expect(small({ merges: ["b a"] })).toBe('tokenizer.json: model.merges[0] is "b a", but model.vocab has no "ba"');
  });

  test("a Unigram model", () => {
    const unigram = (changes: TokenizerFile) =>
      messageOf(() => createTokenizer(byteFallbackTokenizer({ model: { type: "Unigram", ...changes } }), {}));
    expect(unigram({ vocab: {} })).toBe("tokenizer.json: model.vocab is an object, expected an array");
    expect(unigram({ vocab: [] })).toBe("tokenizer.json: model.vocab is empty");
    expect(unigram({ vocab: [["a", "b"]] })).toBe('tokenizer.json: model.vocab[0][1] is "b", expected a number');
    expect(unigram({ vocab: [["a", 0]], unk_id: 1 })).toBe(
      "tokenizer.json: model.unk_id is 1, expected an integer from 0 to 0",
    );
    expect(unigram({ vocab: [["a", 0]], byte_fallback: true })).toBe(
      "tokenizer.json: model.byte_fallback is true in a Unigram model: not supported",
    );
  });

  test("the added tokens", () => {
    const token = { id: 2048, content: "<new>", special: true };
    expect(broken({ added_tokens: {} })).toBe("tokenizer.json: added_tokens is an object, expected an array");
    expect(added(null)).toBe("tokenizer.json: added_tokens[0] is null, expected an object");
    expect(added({ ...token, id: "2048" })).toContain('added_tokens[0].id is "2048", expected an integer');
    expect(added({ ...token, content: 1 })).toBe("tokenizer.json: added_tokens[0].content is 1, expected a string");
    expect(added(token, { ...token, content: "<other>" })).toBe(
      'tokenizer.json: added_tokens[1]: "<other>" has the id 2048 of "<new>"',
    );
    expect(added({ ...token, id: 17 })).toMatch(/^tokenizer\.json: added_tokens\[0\]: "<new>" has the id 17 of ".+"$/);
    expect(added({ ...token, content: "<|whale|>" })).toBe(
      'tokenizer.json: added_tokens[0]: "<|whale|>" has the id 2048, but is 3 already',
    );
    expect(added({ ...token, single_word: true })).toBe(
      "tokenizer.json: added_tokens[0].single_word is true: not supported",
    );
  });

  test("the pipeline", () => {
    expect(broken({ normalizer: { type: "Nmt" } })).toMatch(
      /^tokenizer\.json: normalizer\.type is "Nmt", known are NFC, /,
    );
    expect(broken({ normalizer: { type: "Sequence", normalizers: [{ type: "NFC" }, { type: "Replace" }] } })).toBe(
      "tokenizer.json: normalizer.normalizers[1].pattern is missing, expected an object",
    );
    expect(broken({ pre_tokenizer: { type: "UnicodeScripts" } })).toMatch(
      /^tokenizer\.json: pre_tokenizer\.type is "UnicodeScripts", known are /,
    );
    const split = { type: "Split", pattern: { Regex: "a" }, behavior: "Isolated", invert: false };
    expect(broken({ pre_tokenizer: thenBytes({ ...split, pattern: {} }) })).toBe(
      "tokenizer.json: pre_tokenizer.pretokenizers[0].pattern is an object, expected an object with String or Regex",
    );
    expect(broken({ pre_tokenizer: thenBytes({ ...split, behavior: "Sometimes" }) })).toContain(
      'pretokenizers[0].behavior is "Sometimes", expected "Isolated", ',
    );
    expect(broken({ pre_tokenizer: thenBytes({ ...split, behavior: "Contiguous", invert: true }) })).toContain(
      "Contiguous with invert is not supported",
    );
    expect(broken({ pre_tokenizer: thenBytes({ ...split, pattern: { Regex: "(a" } }) })).toMatch(
      /^tokenizer\.json cannot be used: .*\(a/,
    );
    expect(broken({ pre_tokenizer: thenBytes(split, { type: "Metaspace", prepend_scheme: "first" }) })).toContain(
      'prepend_scheme is "first" in a step that is not the first one',
    );
    expect(broken({ pre_tokenizer: { type: "Metaspace", prepend_scheme: "last" } })).toBe(
      'tokenizer.json: pre_tokenizer.prepend_scheme is "last", expected "always", "first" or "never"',
    );
    expect(broken({ decoder: { type: "CTC" } })).toMatch(/^tokenizer\.json: decoder\.type is "CTC", known are /);
    expect(broken({ decoder: { type: "Strip", content: "ab", start: 1 } })).toBe(
      'tokenizer.json: decoder.content is "ab", expected one character',
    );
    const decoders = [{ type: "Fuse" }, { type: "Metaspace" }];
    expect(broken({ decoder: { type: "Sequence", decoders } })).toBe(
      "tokenizer.json: decoder.decoders[1] is a Metaspace after the tokens are fused: not supported",
    );
  });

  test("sequences nested without end", () => {
    let decoder: TokenizerFile = { type: "Fuse" };
    for (let depth = 0; depth < 5000; depth++) decoder = { type: "Sequence", decoders: [decoder] };
    expect(broken({ decoder })).toContain("sequences are nested more than 8 deep");
  });

  test("the post-processor", () => {
    const single = [{ SpecialToken: { id: "<|bos|>" } }, { Sequence: { id: "A" } }];
    const template = (changes: TokenizerFile) =>
      broken({ post_processor: { type: "TemplateProcessing", single, special_tokens: {}, ...changes } });
    expect(template({})).toBe('tokenizer.json: post_processor.special_tokens has no "<|bos|>", which single uses');
    expect(template({ single: [{ SpecialToken: { id: "constructor" } }] })).toBe(
      'tokenizer.json: post_processor.special_tokens has no "constructor", which single uses',
    );
    expect(template({ special_tokens: { "<|bos|>": { ids: [2048] } } })).toBe(
      'tokenizer.json: post_processor.special_tokens["<|bos|>"].ids[0] is 2048, which is not a token of the vocabulary',
    );
    expect(template({ single: [] })).toBe("tokenizer.json: post_processor.single has the text 0 times, expected once");
    expect(template({ single: [{ Sequence: { id: "B" } }] })).toBe(
      'tokenizer.json: post_processor.single[0].Sequence.id is "B", expected "A"',
    );
    expect(broken({ post_processor: { type: "BertProcessing", cls: ["<|bos|>", 0] } })).toBe(
      "tokenizer.json: post_processor.sep is missing, expected an array",
    );
    expect(broken({ post_processor: { type: "Other" } })).toMatch(/^tokenizer\.json: post_processor\.type is "Other"/);
  });

  test("tokenizer_config.json", () => {
    const config = (changes: TokenizerFile) =>
      messageOf(() => createTokenizer(voicesTokenizer(), { ...voicesConfig(), ...changes }));
    expect(config({ eos_token: "</s>" })).toBe(
      'tokenizer_config.json: eos_token is "</s>", which tokenizer.json does not have',
    );
    expect(config({ bos_token: 1 })).toBe("tokenizer_config.json: bos_token is 1, expected an object");
    expect(config({ bos_token: {} })).toBe("tokenizer_config.json: bos_token is missing, expected a string");
    expect(config({ add_bos_token: "true" })).toBe(
      'tokenizer_config.json: add_bos_token is "true", expected true or false',
    );
  });

  test("a text with a character that the model has no token for, nor an unknown token", () => {
    const pieces = [
      ["a", -1],
      ["▁", -1],
    ];
    const tokenizer = createTokenizer(
      byteFallbackTokenizer({ added_tokens: [], post_processor: null, model: { type: "Unigram", vocab: pieces } }),
      {},
    );
    expect(tokenizer.encode("a a")).toEqual([1, 0, 1, 0]);
    expect(messageOf(() => tokenizer.encode("a 鯨"))).toBe(
      'tokenizer.json: model has neither "鯨" nor an unknown token',
    );
  });
});
