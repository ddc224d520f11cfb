import { expect, test } from "vitest";
import { createEncoderTokenizer, type EncoderTokenizer } from "../../../src/text/encoder-tokenizer.ts";
import { trainTokenizer } from "../../../src/train/bpe/train-tokenizer.ts";
import { labelWords } from "../../../src/train/data/label-words.ts";

const text = "the cats sat on the mat, the cats sat on the hat";
const { tokenizer: json, config } = trainTokenizer([text], { vocabulary: 275, kind: "encoder" });
const tokenizer: EncoderTokenizer = createEncoderTokenizer(json, config);

/** Each token of a text with its label. */
const labelled = (given: string, labels: readonly number[], maxTokens?: number) => {
  const { ids, labels: found } = labelWords(tokenizer, given, labels, { maxTokens });
  return ids.map((id, i) => [tokenizer.token(id) ?? "", found[i]]);
};

test("a learnt tokenizer for encoders has their special tokens, around texts and pairs", () => {
  const { specials } = tokenizer;
  expect(specials).toEqual({ pad: 0, cls: 1, sep: 2, mask: 3 });
  const pair = tokenizer.encodeInput("the cats", { pair: "sat" });
  expect(pair.ids.map((id) => tokenizer.token(id))).toEqual(["[CLS]", "the", "Ġcats", "[SEP]", "sat", "[SEP]"]);
  expect(pair.typeIds).toEqual([0, 0, 0, 0, 1, 1]);
  // The mask stands for a word with the space before it, as words are in texts.
  const { ids } = tokenizer.encodeInput("the [MASK] sat");
  expect(ids.map((id) => tokenizer.token(id))).toEqual(["[CLS]", "the", "[MASK]", "Ġsat", "[SEP]"]);
});

test("the first token of each word has its label, and the others and special tokens do not count", () => {
  expect(labelled("on  the\tcats!", [5, 6, 7])).toEqual([
    ["[CLS]", -100],
    ["on", 5],
    ["Ġ", -100],
    ["Ġthe", 6],
    ["ĉ", -100],
    ["cat", 7],
    ["s", -100],
    ["!", -100],
    ["[SEP]", -100],
  ]);
});

test("words beyond the most tokens are cut off, with the end token kept", () => {
  const cut = labelled("the mat sat", [1, 2, 3], 4);
  expect(cut).toHaveLength(4);
  expect(cut.at(-1)).toEqual(["[SEP]", -100]);
  expect(cut.filter(([, label]) => label !== -100).length).toBeLessThan(3);
});

test("other numbers of labels than of words, and what is no label, are refused", () => {
  expect(() => labelWords(tokenizer, "a b", [1])).toThrow("labelWords: the text has 2 words, and there are 1 labels");
  expect(() => labelWords(tokenizer, "a", [0.5])).toThrow("labelWords: labels");
  expect(() => labelWords(tokenizer, "a", [1], { maxTokens: 0 })).toThrow("maxTokens");
});
