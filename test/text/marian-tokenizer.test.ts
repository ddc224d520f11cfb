import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createMarianTokenizer } from "../../src/text/marian-tokenizer.ts";
import { readSentencePiece } from "../../src/text/sentencepiece.ts";

const bytes = (file: string) => new Uint8Array(readFileSync(`test/golden/marian-pieces/${file}`));
const json = (file: string) => JSON.parse(readFileSync(`test/golden/marian-pieces/${file}`, "utf8")) as unknown;

/** What SentencePiece itself cut, and the ids that vocab.json gives it. */
const golden = json("golden.json") as {
  readonly source: readonly { readonly text: string; readonly ids: readonly number[] }[];
  readonly target: readonly { readonly text: string; readonly ids: readonly number[] }[];
};
const made = (name: "source" | "target", vocabulary: unknown = json("vocab.json")) =>
  createMarianTokenizer(
    readSentencePiece(bytes(`${name}.spm`), `${name}.spm`),
    vocabulary,
    { eos_token: "</s>", unk_token: "<unk>", pad_token: "<pad>" },
    { pieces: `${name}.spm`, vocabulary: "vocab.json" },
  );

test.each(golden.source)("$text", ({ text, ids }) => {
  expect(made("source").encode(text)).toEqual(ids);
});

test.each(golden.target)("of ids: $text", ({ text, ids }) => {
  const target = made("target");
  expect(target.decode(ids)).toBe(text);
  expect(target.decode([...ids, 0])).toBe(text);
  expect(target.size).toBe(Object.keys(json("vocab.json") as object).length);
});

test("what is no model, another kind of model, and a vocabulary that does not fit", () => {
  const model = bytes("source.spm");
  const read = (given: Uint8Array) => () => readSentencePiece(given, "source.spm");
  expect(read(new Uint8Array())).toThrow("source.spm is no SentencePiece model: it has no pieces");
  expect(read(new TextEncoder().encode('{"a": 1}'))).toThrow("source.spm is no SentencePiece model");
  for (const cut of [1, 5, 100, model.length - 1]) {
    expect(read(model.subarray(0, cut))).toThrow("source.spm is no SentencePiece model: a field at byte");
  }
  // A trainer_spec whose model_type is 2, and a normalizer_spec without a space before the text.
  expect(read(new Uint8Array([...model, 0x12, 2, 0x18, 2]))).toThrow(
    "trainer_spec.model_type is bpe, expected unigram",
  );
  expect(read(new Uint8Array([...model, 0x1a, 2, 0x18, 0]))).toThrow("normalizer_spec.add_dummy_prefix is false");
  // A piece that stands for a byte.
  expect(read(new Uint8Array([...model, 0x0a, 5, 0x0a, 1, 0x61, 0x18, 6]))).toThrow("bytes as pieces, such as a");
  expect(() => made("source", ["a"])).toThrow("vocab.json is an array of 1, expected an object of tokens and ids");
  expect(() => made("source", { a: 0 })).toThrow("vocab.json has no </s>");
});
