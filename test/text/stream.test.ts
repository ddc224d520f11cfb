import { Tokenizer as LibraryTokenizer } from "@huggingface/tokenizers";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTokenizer } from "../../src/text/create-tokenizer.ts";
import { createTextStream } from "../../src/text/stream.ts";
import type { Tokenizer } from "../../src/text/tokenizer.ts";
import {
  byteFallbackTokenizer,
  byteToken,
  type TokenizerFile,
  voicesConfig,
  voicesGolden,
  voicesTokenizer,
} from "./example-tokenizers.ts";

/** The pieces that a stream gives for ids, the one of `end` last. */
function piecesOf(tokenizer: Tokenizer, ids: readonly number[], options?: Parameters<typeof createTextStream>[1]) {
  const stream = createTextStream(tokenizer, options);
  return [...ids.map((id) => stream.push(id)), stream.end()];
}

const idsBelow = (size: number) => fc.array(fc.nat(size - 1), { maxLength: 30 });

describe("the bundled tokenizer", () => {
  const voices = createTokenizer(voicesTokenizer(), voicesConfig());
  // Its decoding is right for byte-level tokenizers, and takes the whole text at once.
  const whole = new LibraryTokenizer(voicesTokenizer(), { clean_up_tokenization_spaces: false });

  test.each(voicesGolden())("streams the golden text after $prompt", ({ greedyTokens, greedyText }) => {
    expect(piecesOf(voices, greedyTokens).join("")).toBe(greedyText);
  });

  test.each([true, false])("is the whole text, never a part of a character (special tokens left out: %s)", (skip) => {
    // Bytes that are no characters by themselves make up a tenth of the vocabulary; give them half of the draws.
    const partial = Array.from({ length: 2048 }, (_, id) => id).filter((id) => voices.decode([id]).includes("\ufffd"));
    expect(partial.length).toBeGreaterThan(100);
    const id = fc.oneof(fc.nat(2047 + 3), fc.constantFrom(...partial));
    fc.assert(
      fc.property(fc.array(id, { maxLength: 30 }), (ids) => {
        const pieces = piecesOf(voices, ids, { skipSpecialTokens: skip });
        const known = ids.filter((id) => id < 2048);
        const text = known.length === 0 ? "" : whole.decode(known, { skip_special_tokens: skip });
        expect(pieces.join("")).toBe(text);
        expect(voices.decode(ids, { skipSpecialTokens: skip })).toBe(text);
        for (const piece of pieces) expect(piece.isWellFormed()).toBe(true);
        expect(["", "\ufffd"]).toContain(pieces.at(-1));
      }),
      { numRuns: 2000 },
    );
  });

  test("gives every character with its last byte", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 10 }), (text) => {
        const ids = voices.encode(text, { addSpecialTokens: false });
        const characters = [...text];
        const prefixes = Array.from({ length: characters.length + 1 }, (_, i) => characters.slice(0, i).join(""));
        const stream = createTextStream(voices);
        let bytes = 0;
        let shown = "";
        for (const id of ids) {
          bytes += voices.bytesOf(id)?.length ?? 0;
          shown += stream.push(id);
          const complete = prefixes.filter((prefix) => new TextEncoder().encode(prefix).length <= bytes).at(-1);
          expect(shown).toBe(complete);
        }
        expect(stream.end()).toBe("");
      }),
      { numRuns: 300 },
    );
  });

  test("goes on from a prompt that ends inside a character", () => {
    const [a = 0, b = 0, ...rest] = voices.encode("🐋!", { addSpecialTokens: false });
    expect(rest.length).toBe(3);
    expect(piecesOf(voices, rest, { after: [a, b] }).join("")).toBe("🐋!");
  });
});

test("what one stage holds back to the end goes through the stages after it", () => {
  const decoders = [{ type: "ByteFallback" }, { type: "Replace", pattern: { String: "\ufffd" }, content: "?" }];
  const file = byteFallbackTokenizer({ decoder: { type: "Sequence", decoders } });
  const tokenizer = createTokenizer(file, {});
  const ids = ["a", "<0xF0>", "<0x9F>"].map((token) => tokenizer.idOf(token) ?? -1);
  expect(piecesOf(tokenizer, ids)).toEqual(["a", "", "", "?"]);
});

/** What a byte-fallback tokenizer's tokens say, by the definition over the whole text. */
function wholeText(tokens: readonly string[]): string {
  const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  let run: number[] = [];
  for (const token of [...tokens, ""]) {
    if (/^<0x..>$/.test(token)) {
      run.push(Number.parseInt(token.slice(3, 5), 16));
      continue;
    }
    text += utf8.decode(Uint8Array.from(run)) + token.replaceAll("▁", " ");
    run = [];
  }
  return text.startsWith(" ") ? text.slice(1) : text;
}

describe("byte-fallback tokenizers", () => {
  const fallback = createTokenizer(byteFallbackTokenizer(), {});
  const id = (token: string) => fallback.idOf(token) ?? -1;

  test("is the whole text, never a part of a character", () => {
    // A third of the draws are bytes of real characters in order, so that complete and broken ones both appear.
    const bytes = [...new TextEncoder().encode(" é鯨🐋\ufeff")].map((byte) => [id(byteToken(byte))]);
    const character = fc.constantFrom("é", "鯨", "🐋", "\ufeff", " ").map((text) => fallback.encode(text).slice(2));
    const drawn = fc.oneof(
      fc.constantFrom(...bytes),
      character,
      fc.nat(fallback.size - 1).map((one) => [one]),
    );
    fc.assert(
      fc.property(fc.array(drawn, { maxLength: 20 }), (groups) => {
        const ids = groups.flat();
        const pieces = piecesOf(fallback, ids);
        const tokens = ids.filter((one) => !fallback.isSpecial(one)).map((one) => fallback.token(one) ?? "");
        expect(pieces.join("")).toBe(wholeText(tokens));
        expect(fallback.decode(ids)).toBe(pieces.join(""));
        for (const piece of pieces) expect(piece.isWellFormed()).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test("takes the space off the first word only, and not after a prompt", () => {
    const ids = [id("▁the"), id("▁a")];
    expect(piecesOf(fallback, ids)).toEqual(["the", " a", ""]);
    expect(piecesOf(fallback, ids, { after: fallback.encode("the") })).toEqual([" the", " a", ""]);
    expect(piecesOf(fallback, ids, { after: [1] })).toEqual(["the", " a", ""]);
  });

  test("holds a character back until its bytes are there", () => {
    const ids = [...fallback.encode("鯨").slice(2), id("a")];
    expect(piecesOf(fallback, ids)).toEqual(["", "", "鯨", "a", ""]);
    expect(piecesOf(fallback, ids.slice(0, 2))).toEqual(["", "", "\ufffd"]);
    expect(piecesOf(fallback, [...ids.slice(0, 2), id("a")])).toEqual(["", "", "\ufffda", ""]);
  });
});

describe("other decoders give the text that the whole gives", () => {
  const strip = { type: "Sequence", decoders: [{ type: "Fuse" }, { type: "Strip", content: "a", start: 2, stop: 3 }] };
  const perToken = { type: "Strip", content: "a", start: 1, stop: 1 };
  const decoders: [string, TokenizerFile | null, (tokens: readonly string[]) => string][] = [
    ["none", null, (tokens) => tokens.join(" ")],
    ["Fuse", { type: "Fuse" }, (tokens) => tokens.join("")],
    [
      "Strip over the text",
      strip,
      (tokens) =>
        tokens
          .join("")
          .replace(/^a{1,2}/, "")
          .replace(/a{1,3}$/, ""),
    ],
    [
      "Strip over tokens",
      perToken,
      (tokens) => tokens.map((token) => token.replace(/^a/, "").replace(/a$/, "")).join(""),
    ],
    [
      "Metaspace",
      { type: "Metaspace", replacement: "▁", prepend_scheme: "first" },
      (tokens) => tokens.map((token, i) => token.replaceAll("▁", i === 0 ? "" : " ")).join(""),
    ],
    [
      "BPEDecoder",
      { type: "BPEDecoder", suffix: "b" },
      (tokens) => tokens.map((token, i) => token.replaceAll("b", i === tokens.length - 1 ? "" : " ")).join(""),
    ],
    [
      "BPEDecoder before another step, which takes whole tokens",
      { type: "Sequence", decoders: [{ type: "BPEDecoder", suffix: "b" }, perToken] },
      (tokens) =>
        tokens
          .map((token, i) => token.replaceAll("b", i === tokens.length - 1 ? "" : " "))
          .map((token) => token.replace(/^a/, "").replace(/a$/, ""))
          .join(""),
    ],
    [
      "WordPiece",
      { type: "WordPiece", prefix: "##", cleanup: false },
      (tokens) => tokens.map((token, i) => (i === 0 ? token : ` ${token}`).replace(/^ ##/, "")).join(""),
    ],
    [
      "Replace by an expression",
      { type: "Replace", pattern: { Regex: "[ab]+" }, content: "$&" },
      (tokens) => tokens.map((token) => token.replace(/[ab]+/g, () => "$&")).join(""),
    ],
  ];

  test("a word comes at once, and the space after it with the next token", () => {
    const vocab = { "a</w>": 0, b: 1, "c</w>": 2 };
    const model = { type: "BPE", vocab, merges: [] };
    const decoder = { type: "BPEDecoder", suffix: "</w>" };
    const file = byteFallbackTokenizer({ added_tokens: [], post_processor: null, decoder, model });
    const tokenizer = createTokenizer(file, {});
    expect(piecesOf(tokenizer, [0, 1, 2])).toEqual(["a", " b", "c", ""]);
    expect(piecesOf(tokenizer, [1, 2], { after: [0] })).toEqual([" b", "c", ""]);
  });

  test.each(decoders)("%s", (_, decoder, whole) => {
    const vocab = Object.fromEntries(
      ["a", "b", "c", "ab", "aa", "aaaa", "▁a", "▁▁b", "##a", "bcb"].map((t, i) => [t, i]),
    );
    const model = { type: "BPE", vocab, merges: [] };
    const file = byteFallbackTokenizer({ added_tokens: [], post_processor: null, decoder, model });
    const tokenizer = createTokenizer(file, {});
    fc.assert(
      fc.property(idsBelow(tokenizer.size), (ids) => {
        const text = whole(ids.map((one) => tokenizer.token(one) ?? ""));
        expect(piecesOf(tokenizer, ids).join("")).toBe(text);
        expect(tokenizer.decode(ids)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });
});
