import { Tokenizer as RustTokenizer, type TruncationStrategy } from "tokenizers";
import { describe, expect, test } from "vitest";
import { createEncoderTokenizer, type EncodeInputOptions } from "../../src/text/encoder-tokenizer.ts";
import { randomFor } from "../support/fuzz.ts";
import { bertFile, robertaFile, unigramFile, wordLevelFile } from "./encoder-tokenizers.ts";
import type { TokenizerFile } from "./example-tokenizers.ts";

const bertNormalizer = (lowercase: boolean, accents: boolean | null) => ({
  type: "BertNormalizer",
  clean_text: true,
  handle_chinese_chars: true,
  strip_accents: accents,
  lowercase,
});

const files: Readonly<Record<string, TokenizerFile>> = {
  BERT: bertFile(),
  "BERT, cased": bertFile({ normalizer: bertNormalizer(false, null) }),
  "BERT, accents kept": bertFile({ normalizer: bertNormalizer(true, false) }),
  BertProcessing: bertFile({ post_processor: { type: "BertProcessing", cls: ["[CLS]", 2], sep: ["[SEP]", 3] } }),
  RoBERTa: robertaFile(),
  "RoBERTa with a space in front": robertaFile({
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    post_processor: {
      type: "RobertaProcessing",
      cls: ["<|bos|>", 0],
      sep: ["<|eos|>", 1],
      trim_offsets: true,
      add_prefix_space: true,
    },
  }),
  "byte level, untrimmed": robertaFile({ post_processor: null }),
  Unigram: unigramFile(),
  "Unigram, spaces by the normalizer": unigramFile({
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "NFKC" },
        { type: "Strip", strip_left: true, strip_right: true },
        { type: "Replace", pattern: { Regex: " {2,}" }, content: " " },
        { type: "Prepend", prepend: "▁" },
        { type: "Replace", pattern: { String: " " }, content: "▁" },
      ],
    },
    pre_tokenizer: null,
  }),
  WordLevel: wordLevelFile(),
};

/** The cases in which tokenizers of encoders go wrong. */
const texts = [
  "The whale",
  "unaffable unaffables",
  "naïve café, cafe\u0301 Å",
  "鯨は海を、𠀀한",
  "don't stop!... (the $5 + <b>) «x»…~`|^_",
  `${"a".repeat(100)} ${"b".repeat(101)} c`,
  "ΣΑΣ İ ß ẞ ﬁ ½",
  "  two  spaces\tand\nlines \u00a0x\u3000y\u2028z ",
  "a\u0000b\ufffdc\u200dd\u00ade\ufeff\u0085f\u0378g",
  "😀☃ 👩‍👩‍👧 🏴‍☠️",
  "[MASK] of [UNK]the[SEP] <mask> the  <mask>the <extra_id_0> sea <extra_id_1>.<s></s>",
  "the sea...... whalesing",
  "한국어 각ᆨ \u1112\u1161\u11ab",
  "",
  " ",
  "ⅷ ㎏ ﷺ",
];

const random = randomFor("encoder tokenizers").uniform;
const alphabet = [
  ..."aabes .,!'-$ \tÉéß鯨は𠀀😀Σ\u0301\u00a0İ한",
  "the ",
  "whale",
  " sea",
  "ing",
  "...",
  "[MASK]",
  "<mask>",
];
const randomText = () =>
  Array.from({ length: Math.floor(random() * 24) }, () => alphabet[Math.floor(random() * alphabet.length)]).join("");
const all = [...texts, ...Array.from({ length: 60 }, randomText)];

/** UTF-16 offsets of a text's characters. */
function unitsOf(text: string): number[] {
  const units = [0];
  for (const character of text) units.push((units.at(-1) ?? 0) + character.length);
  return units;
}

const strategies = { longest_first: "LongestFirst", only_first: "OnlyFirst", only_second: "OnlySecond" } as const;

/** What the Rust library makes of the same file and text. */
async function rust(tokenizer: RustTokenizer, text: string, options: EncodeInputOptions) {
  if (options.maxTokens === undefined) tokenizer.disableTruncation();
  else {
    const strategy = strategies[options.truncation ?? "longest_first"] as TruncationStrategy;
    tokenizer.setTruncation(options.maxTokens, { strategy });
  }
  const encoding = await tokenizer.encode(text, options.pair ?? null, {
    addSpecialTokens: options.addSpecialTokens ?? true,
  });
  const sequences = encoding.getSequenceIds();
  const units = [unitsOf(text), unitsOf(options.pair ?? "")];
  const spans = encoding.getOffsets().map(([start = 0, end = 0], i) => {
    const of = sequences[i];
    if (of !== 0 && of !== 1) return undefined;
    return { of, start: units[of]?.[start] ?? -1, end: units[of]?.[end] ?? -1 };
  });
  const words = encoding.getWordIds().map((word) => word ?? undefined);
  return { ids: encoding.getIds(), typeIds: encoding.getTypeIds(), spans, words };
}

describe.each(Object.entries(files))("%s, as the Rust library has it", (_, file) => {
  const ours = createEncoderTokenizer(file, {});
  const theirs = RustTokenizer.fromString(JSON.stringify(file));

  test("ids, types, ranges and words of a text", async () => {
    for (const text of all) {
      const { ids, typeIds, spans, words } = ours.encodeInput(text);
      expect({ ids, typeIds, spans, words }, JSON.stringify(text)).toEqual(await rust(theirs, text, {}));
      expect(ours.encode(text)).toEqual(ids);
    }
  });

  test("pairs, cut in every way, with and without special tokens", async () => {
    for (const [i, text] of all.entries()) {
      const pair = all[(7 * i + 3) % all.length] ?? "";
      const options = {
        pair,
        ...(i % 4 > 0 && { maxTokens: 5 + (i % 9) }),
        truncation: (["longest_first", "only_second", "only_first"] as const)[i % 3] ?? "longest_first",
        addSpecialTokens: i % 5 > 0,
      } satisfies EncodeInputOptions;
      let expected: Awaited<ReturnType<typeof rust>> | undefined;
      try {
        expected = await rust(theirs, text, options);
      } catch {
        expect(() => ours.encodeInput(text, options)).toThrow(/do not fit/);
        continue;
      }
      const { ids, typeIds, spans, words } = ours.encodeInput(text, options);
      expect({ ids, typeIds, spans, words }, JSON.stringify([text, options])).toEqual(expected);
    }
  });

  test("decoding", async () => {
    for (const text of all) {
      const { ids } = ours.encodeInput(text);
      expect(ours.decode(ids), JSON.stringify(text)).toBe(await theirs.decode([...ids], true));
    }
  });
});

describe("by definition", () => {
  const bert = createEncoderTokenizer(bertFile(), {});
  const tokensOf = (text: string) =>
    bert.encodeInput(text, { addSpecialTokens: false }).ids.map((id) => bert.token(id));

  test("a word is cut into its longest pieces, or is unknown as a whole", () => {
    expect(tokensOf("unaffable")).toEqual(["un", "##aff", "##able"]);
    expect(tokensOf("unaffable☂ whale")).toEqual(["[UNK]", "whale"]);
    expect(tokensOf("aff海")).toEqual(["aff", "海"]);
    expect(tokensOf("x".repeat(100))).toHaveLength(100);
    expect(tokensOf(`${"x".repeat(101)} whale`)).toEqual(["[UNK]", "whale"]);
  });

  test("decoding joins pieces and takes the space before punctuation", () => {
    expect(bert.decode(bert.encode("The unaffable whale , don ' t !"))).toBe("the unaffable whale, don ' t!");
  });

  test("a pair has two types, and its special tokens stay when it is cut", () => {
    const input = bert.encodeInput("the whale", {
      pair: "the the the whale !",
      maxTokens: 8,
      truncation: "only_second",
    });
    expect(input.ids.map((id) => bert.token(id)).join(" ")).toBe("[CLS] the whale [SEP] the the the [SEP]");
    expect(input.typeIds).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
    expect(input.spans[6]).toEqual({ of: 1, start: 8, end: 11 });
    expect(input.cut).toEqual([0, 2]);
  });

  test("special tokens are found by tokenizer_config.json, or by their usual names", () => {
    expect(bert.specials).toEqual({ cls: 2, sep: 3, mask: 4, pad: 0, unk: 1 });
    expect(createEncoderTokenizer(bertFile(), { mask_token: "[UNK]" }).specials.mask).toBe(1);
  });

  test("what cannot be made is an error that says why", () => {
    const template = bertFile()["post_processor"] as TokenizerFile;
    const without = createEncoderTokenizer(bertFile({ post_processor: { ...template, pair: [] } }), {});
    expect(without.encodeInput("the").ids).toHaveLength(3);
    expect(() => without.encodeInput("the", { pair: "whale" })).toThrow(
      "tokenizer.json: post_processor.pair is empty: the model takes no second text",
    );
    const tooLong = { pair: "whale", maxTokens: 6, truncation: "only_second" } as const;
    expect(() => bert.encodeInput("the the the the", tooLong)).toThrow(
      "encodeInput: the texts have 4 and 1 tokens; with 3 special ones they do not fit 6 by truncation only_second",
    );
    expect(() => bert.encodeInput("the", { truncation: "longest" as never })).toThrow(/truncation is "longest"/);
    const twice = [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }];
    expect(() => createEncoderTokenizer(bertFile({ post_processor: { ...template, pair: twice } }), {})).toThrow(
      "tokenizer.json: post_processor.pair has the first text 2 times, expected 1",
    );
    const missing = bertFile({ model: { ...(bertFile()["model"] as TokenizerFile), unk_token: "[NONE]" } });
    expect(() => createEncoderTokenizer(missing, {}).encodeInput("the ☂")).toThrow(
      'tokenizer.json: model has neither "☂" nor an unknown token',
    );
  });
});
