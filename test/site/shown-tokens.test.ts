import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  hexOf,
  promptTokens,
  type ShownToken,
  share,
  stepOf,
  unitsOf,
  withPiece,
} from "../../site/shell/tokens/tokens.ts";
import { createTokenizer } from "../../src/text/create-tokenizer.ts";
import { createTextStream } from "../../src/text/stream.ts";
import { visible } from "../../src/text/token-text.ts";
import { bundledModel } from "../support/bundled.ts";

const read = (name: string): unknown => JSON.parse(readFileSync(`${bundledModel}/${name}`, "utf8"));
const tokenizer = createTokenizer(read("tokenizer.json"), read("tokenizer_config.json"));
const alone = (id: number) => tokenizer.decode([id], { skipSpecialTokens: false });
const tokenized = (text: string) => {
  const tokens = tokenizer.encode(text);
  return { tokens, texts: tokens.map(alone) };
};
const told = (tokens: readonly ShownToken[]) =>
  unitsOf(tokens).map(({ text, tokens: parts, special }) => [text, parts.length, special]);

/** Texts whose characters are split: three scripts, an emoji of two parts, marks of white space. */
const texts = [
  "The whale 🐋 was 鯨, ÿ\n\tend",
  "🏴‍☠️",
  "naïve café",
  "a\u0000b",
  "  two  spaces  ",
  "\ufffd is itself 🐋",
];

describe("tokens of a prompt", () => {
  test.each(texts)("%j: units joined are the text, and no character is split", (text) => {
    const units = unitsOf(promptTokens(tokenized(text), text)).filter(({ special }) => !special);
    expect(units.map((unit) => unit.text).join("")).toBe(text);
    expect(units.flatMap(({ tokens }) => tokens.map(({ token }) => token))).toEqual(tokenizer.encode(text).slice(1));
  });

  test("special tokens are marked, and tokens that share a character are one unit", () => {
    const text = "<|whale|>A 🐋!";
    const [bos, voice, first, ...rest] = told(promptTokens(tokenized(text), text));
    expect([bos, voice, first]).toEqual([
      ["<|bos|>", 1, true],
      ["<|whale|>", 1, true],
      ["A", 1, false],
    ]);
    const whale = rest.find(([unit]) => String(unit).includes("🐋"));
    expect(whale?.[1]).toBeGreaterThan(1);
  });

  test("without the text, a split character is one unit that says so", () => {
    expect(told(promptTokens(tokenized("🐋"))).at(-1)?.[0]).toMatch(/^\ufffd$/);
  });
});

describe("tokens of a generation", () => {
  /** The pieces of a generation that takes these tokens. */
  const pieces = (tokens: readonly number[]) => {
    const stream = createTextStream(tokenizer);
    return [
      ...tokens.map((token) => ({ token, text: stream.push(token), tokenText: alone(token), logprob: -1, rank: 2 })),
      { text: stream.end() },
    ];
  };
  const shown = (tokens: readonly number[]) => pieces(tokens).reduce<ShownToken[]>(withPiece, []);

  test.each(texts)("%j: units joined are the text", (text) => {
    const tokens = tokenizer.encode(text, { addSpecialTokens: false });
    const units = unitsOf(shown(tokens));
    expect(units.map((unit) => unit.text).join("")).toBe(text);
    expect(units.flatMap((unit) => unit.tokens).length).toBe(tokens.length);
  });

  test("a special token in the middle and one at the end stand alone", () => {
    const id = (name: string) => tokenizer.idOf(name) ?? -1;
    const tokens = [...tokenizer.encode("so", { addSpecialTokens: false }), id("<|whale|>"), 52, id("<|eos|>")];
    const units = told(shown(tokens));
    expect(units.slice(-3)).toEqual([
      ["<|whale|>", 1, true],
      [alone(52), 1, false],
      ["<|eos|>", 1, true],
    ]);
  });

  test("text that a stop text held back joins the token that releases it", () => {
    const pieces = [
      { token: 1, text: "", tokenText: "EN", logprob: -1 },
      { token: 2, text: "ENx", tokenText: "x", logprob: -1 },
      { token: 3, text: "", tokenText: "E", logprob: -1 },
      { text: "E" },
    ];
    expect(told(pieces.reduce<ShownToken[]>(withPiece, []))).toEqual([
      ["ENx", 2, false],
      ["E", 1, false],
    ]);
  });

  test("a character that never becomes whole is shown as such", () => {
    const [first = 0] = tokenizer.encode("🐋", { addSpecialTokens: false });
    expect(told(shown([first]))).toEqual([["\ufffd", 1, false]]);
  });
});

test("white space and what cannot be seen have signs, bytes are hexadecimal", () => {
  expect(visible(" a\tb\n\r\u200d\u0007")).toBe("␣a⇥b↵␍U+200dU+0007");
  expect(hexOf("🐋")).toBe("f0 9f 90 8b");
});

test("five steps of probability, in per cent with three digits", () => {
  expect([1, 0.5, 0.49, 0.2, 0.05, 0.01, 0.009].map((p) => stepOf(Math.log(p)))).toEqual([1, 1, 2, 2, 3, 4, 5]);
  expect(stepOf(undefined)).toBe(0);
  expect([1, 0.9996, 0.123456, 0.0123456, 0.000123456, 1e-7].map(share)).toEqual([
    "100 %",
    "100 %",
    "12.3 %",
    "1.23 %",
    "0.012 %",
    "< 0.001 %",
  ]);
});
