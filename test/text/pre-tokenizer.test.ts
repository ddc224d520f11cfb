import { describe, expect, test } from "vitest";
import { createTokenizer } from "../../src/text/create-tokenizer.ts";
import { type TokenizerFile, thenBytes, voicesTokenizer, voicesWith } from "./example-tokenizers.ts";

/** What a pre-tokenizer, with the byte-level alphabet after it unless it has it, cuts a text into. */
function piecesOf(preTokenizer: TokenizerFile, text: string): string[] {
  const complete = preTokenizer["type"] === "ByteLevel" ? preTokenizer : thenBytes(preTokenizer);
  const tokenizer = createTokenizer(wholePieces(complete, text), {});
  return tokenizer.encode(text).map((id) => tokenizer.decode([id]));
}

/** A tokenizer whose vocabulary has every piece that can be cut out of the text, so that its tokens are the pieces. */
function wholePieces(pre_tokenizer: TokenizerFile, text: string): TokenizerFile {
  const bytesAsText = createTokenizer(voicesTokenizer(), {});
  const alphabet = bytesAsText
    .encode(text, { addSpecialTokens: false })
    .map((id) => bytesAsText.token(id) ?? "")
    .join("");
  const vocab: Record<string, number> = {};
  for (let from = 0; from < alphabet.length; from++) {
    for (let to = from + 1; to <= alphabet.length; to++) vocab[alphabet.slice(from, to)] ??= Object.keys(vocab).length;
  }
  const model = { type: "BPE", vocab, merges: [], ignore_merges: true };
  return voicesWith({ added_tokens: [], post_processor: null, pre_tokenizer, model });
}

describe("pre-tokenizers", () => {
  const split = (pattern: TokenizerFile, behavior: string, invert = false) => ({
    type: "Split",
    pattern,
    behavior,
    invert,
  });

  test.each([
    ["Isolated", ["the", "-", "final", "-", "-", "countdown"]],
    ["Removed", ["the", "final", "countdown"]],
    ["MergedWithPrevious", ["the-", "final-", "-", "countdown"]],
    ["MergedWithNext", ["the", "-final", "-", "-countdown"]],
    ["Contiguous", ["the", "-", "final", "--", "countdown"]],
  ])("Split %s, by a literal and by an expression", (behavior, pieces) => {
    expect(piecesOf(split({ String: "-" }, behavior), "the-final--countdown")).toEqual(pieces);
    expect(piecesOf(split({ Regex: "(-)" }, behavior), "the-final--countdown")).toEqual(pieces);
  });

  test("Split inverted", () => {
    expect(piecesOf(split({ Regex: "[a-z]+" }, "Removed", true), "ab--cd")).toEqual(["ab", "cd"]);
    expect(piecesOf(split({ Regex: "[a-z]+" }, "Isolated", true), "ab--cd")).toEqual(["ab", "--", "cd"]);
  });

  test("Llama 3's expression: contractions, three digits, one character before letters, newlines", () => {
    const words = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
    expect(piecesOf(split({ Regex: words }, "Isolated"), "You'RE (here)  12345!!\n\n x")).toEqual([
      "You",
      "'RE",
      " (",
      "here",
      ")",
      " ",
      " ",
      "123",
      "45",
      "!!\n\n",
      " x",
    ]);
  });

  test("white space is Unicode's, not JavaScript's", () => {
    const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
    expect(piecesOf(byteLevel, "the  sea's \ufeff!a\u0085\u0085b")).toEqual([
      "the",
      " ",
      " sea",
      "'s",
      " \ufeff!",
      "a",
      "\u0085",
      "\u0085",
      "b",
    ]);
    expect(piecesOf({ type: "WhitespaceSplit" }, "a\u0085b\ufeffc")).toEqual(["a", "b\ufeffc"]);
  });

  test("digits and punctuation are Unicode's", () => {
    expect(piecesOf({ type: "Digits", individual_digits: true }, "a12²½ b")).toEqual(["a", "1", "2", "²", "½", " b"]);
    expect(piecesOf({ type: "Digits", individual_digits: false }, "a12²½ b")).toEqual(["a", "12²½", " b"]);
    expect(piecesOf({ type: "Punctuation" }, "a!?、b$")).toEqual(["a", "!", "?", "、", "b", "$"]);
    expect(piecesOf({ type: "Punctuation", behavior: "Contiguous" }, "a!?、b$")).toEqual(["a", "!?、", "b", "$"]);
    expect(piecesOf({ type: "Whitespace" }, "né 'x'_y")).toEqual(["né", "'", "x", "'", "_y"]);
    expect(piecesOf({ type: "CharDelimiterSplit", delimiter: "." }, "a.b..c")).toEqual(["a", "b", "c"]);
    for (const delimiter of ["", "ab"]) {
      expect(() => piecesOf({ type: "CharDelimiterSplit", delimiter }, "ab")).toThrow(
        /delimiter is ".*", expected one/,
      );
    }
    expect(piecesOf({ type: "FixedLength", length: 2 }, "abc🐋e")).toEqual(["ab", "c🐋", "e"]);
  });

  test("a space put in front of the text is there before the words are cut", () => {
    const byteLevel = { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true };
    const prefixed = createTokenizer(voicesWith({ pre_tokenizer: byteLevel }), {});
    const plain = createTokenizer(voicesTokenizer(), {});
    for (const text of ["the sea", "½a🐋.", "🐋"]) expect(prefixed.encode(text)).toEqual(plain.encode(` ${text}`));
    expect(prefixed.encode(" the sea")).toEqual(plain.encode(" the sea"));
  });
});
