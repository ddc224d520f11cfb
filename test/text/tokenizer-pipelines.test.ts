import { describe, expect, test } from "vitest";
import { createTokenizer } from "../../src/text/create-tokenizer.ts";
import {
  byteFallbackTokenizer,
  byteToken,
  llama2Decoder,
  type TokenizerFile,
  voicesTokenizer,
  voicesWith,
} from "./example-tokenizers.ts";

/** The tokens of a text, without what goes around it. */
function tokensOf(file: TokenizerFile, text: string): (string | undefined)[] {
  const tokenizer = createTokenizer(file, {});
  return tokenizer.encode(text, { addSpecialTokens: false }).map(tokenizer.token);
}

const fallbackOf = (text: string) => Array.from(new TextEncoder().encode(text), byteToken);

describe("a tokenizer like Llama 2's", () => {
  const file = byteFallbackTokenizer();
  const tokenizer = createTokenizer(file, { bos_token: "<s>", eos_token: "</s>" });

  test("puts a space in front, also after special tokens, and writes spaces as ▁", () => {
    expect(tokensOf(file, "the ab")).toEqual(["▁the", "▁ab"]);
    expect(tokensOf(file, " the")).toEqual(["▁", "▁the"]);
    expect(tokensOf(file, "the</s>the")).toEqual(["▁the", "</s>", "▁the"]);
    expect(tokensOf(file, "")).toEqual([]);
    expect(tokenizer.encode("the")).toEqual([1, tokenizer.idOf("▁the")]);
  });

  test("writes characters outside the vocabulary as their bytes, and only those", () => {
    expect(tokensOf(file, "ab鯨!")).toEqual(["▁ab", ...fallbackOf("鯨"), "!"]);
    expect(tokensOf(file, "a\n\ud83d")).toEqual(["▁a", "<0x0A>", ...fallbackOf("\ufffd")]);
    const model = file["model"] as TokenizerFile;
    const vocab = { ...(model["vocab"] as TokenizerFile), "\ufffd": 300 };
    expect(tokensOf({ ...file, model: { ...model, vocab } }, "a\ud83d")).toEqual(["▁a", "\ufffd"]);
    expect(tokensOf(file, "<0x41>")).toEqual(["▁", ...fallbackOf("<0x41>")]);
  });

  test.each(["the ab", "  the  ab ", "鯨 🐋\n", "\ufeffab", "a\tb"])("gives back %j", (text) => {
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  test("takes one space off the front of the whole text", () => {
    const id = (token: string) => tokenizer.idOf(token) ?? -1;
    expect(tokenizer.decode([id("▁▁"), id("▁a")])).toBe("  a");
    expect(tokenizer.decode([1, id("▁the"), id("▁a")])).toBe("the a");
    expect(tokenizer.decode([id("<0x20>"), id("a")])).toBe("a");
  });

  test("keeps the good characters of an ill-formed run of bytes", () => {
    const ids = [...new TextEncoder().encode("鯨"), 0xe9, 0xaf].map((byte) => tokenizer.idOf(byteToken(byte)) ?? -1);
    expect(tokenizer.decode(ids)).toBe("鯨\ufffd");
    expect(tokenizer.decode([...ids, tokenizer.idOf("a") ?? -1])).toBe("鯨\ufffda");
  });

  test("tells the bytes of its tokens", () => {
    expect(tokenizer.bytesOf(tokenizer.idOf("▁the") ?? -1)).toEqual(new TextEncoder().encode(" the"));
    expect(tokenizer.bytesOf(tokenizer.idOf("<0xE9>") ?? -1)).toEqual(Uint8Array.of(0xe9));
    expect(tokenizer.bytesOf(1)).toEqual(new TextEncoder().encode("<s>"));
  });

  test("uses the unknown token where there are no byte tokens", () => {
    const model = { ...(file["model"] as TokenizerFile), byte_fallback: false };
    expect(tokensOf({ ...file, model }, "ab鯨鯨!")).toEqual(["▁ab", "<unk>", "!"]);
    expect(tokensOf({ ...file, model: { ...model, unk_token: null } }, "ab鯨鯨!")).toEqual(["▁ab", "!"]);
  });
});

describe("Metaspace", () => {
  const metaspace = (fields: TokenizerFile) =>
    byteFallbackTokenizer({
      normalizer: null,
      pre_tokenizer: { type: "Metaspace", replacement: "▁", ...fields },
      decoder: { type: "Metaspace", replacement: "▁", ...fields },
    });

  test("puts a space in front always, at the beginning only, or never", () => {
    const text = "the</s>the the";
    const [always, first, never] = ["always", "first", "never"].map((prepend_scheme) => metaspace({ prepend_scheme }));
    expect(tokensOf(always ?? {}, text)).toEqual(["▁the", "</s>", "▁the", "▁the"]);
    expect(tokensOf(first ?? {}, text)).toEqual(["▁the", "</s>", "the", "▁the"]);
    expect(tokensOf(never ?? {}, text)).toEqual(["the", "</s>", "the", "▁the"]);
    expect(tokensOf(first ?? {}, "</s>the")).toEqual(["</s>", "the"]);
    expect(tokensOf(always ?? {}, " the")).toEqual(["▁the"]);
  });

  test("splits at spaces unless `split` is false", () => {
    expect(tokensOf(metaspace({ prepend_scheme: "always" }), "a   a")).toEqual(["▁a", "▁", "▁", "▁a"]);
    expect(tokensOf(metaspace({ prepend_scheme: "always", split: false }), "a   a")).toEqual(["▁a", "▁▁", "▁a"]);
  });

  test("understands the field of older files", () => {
    expect(tokensOf(metaspace({ add_prefix_space: false }), "the the")).toEqual(["the", "▁the"]);
    expect(tokensOf(metaspace({ add_prefix_space: true }), "the the")).toEqual(["▁the", "▁the"]);
  });

  test("decodes without the spaces of the first token, unless none are put there", () => {
    const decode = (prepend_scheme: string) => {
      const tokenizer = createTokenizer(metaspace({ prepend_scheme }), {});
      return tokenizer.decode(["▁▁", "▁a", "▁the"].map((token) => tokenizer.idOf(token) ?? -1));
    };
    expect(decode("always")).toBe(" a the");
    expect(decode("first")).toBe(" a the");
    expect(decode("never")).toBe("   a the");
  });
});

describe("other models", () => {
  test("Gemma's: no space in front, runs of spaces as tokens", () => {
    const file = byteFallbackTokenizer({
      normalizer: { type: "Replace", pattern: { String: " " }, content: "▁" },
      pre_tokenizer: { type: "Split", pattern: { String: " " }, behavior: "MergedWithPrevious", invert: false },
      decoder: { type: "Sequence", decoders: (llama2Decoder["decoders"] as TokenizerFile[]).slice(0, 3) },
    });
    expect(tokensOf(file, "the  the")).toEqual(["the", "▁", "▁the"]);
    const tokenizer = createTokenizer(file, {});
    expect(tokenizer.decode(tokenizer.encode("  the a"))).toBe("  the a");
  });

  test("Qwen's: composes characters first", () => {
    const tokenizer = createTokenizer(voicesWith({ normalizer: { type: "NFC" } }), {});
    expect(tokenizer.encode("cafe\u0301")).toEqual(tokenizer.encode("caf\u00e9"));
  });

  test("WordPiece", () => {
    const vocab = Object.fromEntries(
      ["[UNK]", "[CLS]", "[SEP]", "wha", "##le", "##s", "the", "!"].map((t, i) => [t, i]),
    );
    const file = {
      added_tokens: [],
      normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, lowercase: true },
      pre_tokenizer: { type: "BertPreTokenizer" },
      post_processor: { type: "BertProcessing", sep: ["[SEP]", 2], cls: ["[CLS]", 1] },
      decoder: { type: "WordPiece", prefix: "##", cleanup: true },
      model: { type: "WordPiece", vocab, unk_token: "[UNK]", continuing_subword_prefix: "##" },
    };
    const tokenizer = createTokenizer(file, { cls_token: "[CLS]", sep_token: "[SEP]" });
    expect(tokenizer.encode("The whales! Whalesx")).toEqual([1, 6, 3, 4, 5, 7, 0, 2]);
    expect(tokenizer.decode([1, 6, 3, 4, 5, 7, 2])).toBe("the whales!");
    expect([1, 6, 4].map((id) => new TextDecoder().decode(tokenizer.bytesOf(id)))).toEqual(["[CLS]", " the", "le"]);
  });

  test("Unigram: the most likely cutting, unknown characters fused", () => {
    const pieces = [
      ["<unk>", 0],
      ["▁", -3],
      ["a", -3],
      ["b", -3],
      ["▁ab", -5],
      ["ab", -7],
    ];
    const file = byteFallbackTokenizer({
      added_tokens: [],
      normalizer: null,
      post_processor: null,
      pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always" },
      model: { type: "Unigram", unk_id: 0, vocab: pieces },
    });
    expect(createTokenizer(file, {}).encode("ab aab xyb")).toEqual([4, 1, 2, 2, 3, 1, 0, 3]);
  });

  test("files from before models had a type", () => {
    const { type, ...model } = voicesTokenizer()["model"] as TokenizerFile;
    expect(type).toBe("BPE");
    const merges = ["#version: 0.2", ...(model["merges"] as string[])];
    const text = "Call me Ishmael.";
    const expected = createTokenizer(voicesTokenizer(), {}).encode(text);
    expect(createTokenizer(voicesWith({ model: { ...model, merges } }), {}).encode(text)).toEqual(expected);
  });

  test("merges written as pairs", () => {
    const model = voicesTokenizer()["model"] as TokenizerFile;
    const merges = (model["merges"] as string[]).map((merge) => merge.split(" "));
    const text = "Call me Ishmael.";
    const expected = createTokenizer(voicesTokenizer(), {}).encode(text);
    expect(createTokenizer(voicesWith({ model: { ...model, merges } }), {}).encode(text)).toEqual(expected);
  });

  test("a replacement with a dollar sign is taken as it stands", () => {
    const file = voicesWith({ normalizer: { type: "Replace", pattern: { Regex: "\\d+" }, content: "$&$1" } });
    const plain = createTokenizer(voicesTokenizer(), {});
    expect(createTokenizer(file, {}).encode("a 12")).toEqual(plain.encode("a $&$1"));
  });
});
