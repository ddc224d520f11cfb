import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { createTokenizer } from "../../../src/text/create-tokenizer.ts";
import { readDocuments, splitHeldOut } from "../../../src/train/data/documents.ts";
import { tokenise } from "../../../src/train/data/tokens.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const contents = (file: string, text: string) => readDocuments(file, bytes(text)).map(({ content }) => content);

test("texts, lines of JSON, lists of ids and nanoGPT's files", () => {
  expect(contents("a.txt", "one\n\n<|endoftext|>\n\ntwo\nlines\n<|endoftext|>\n")).toEqual(["one", "two\nlines"]);
  expect(contents("a.md", "one <|endoftext|> two\r\n")).toEqual(["one <|endoftext|> two"]);
  expect(contents("a.jsonl", '{"text": "é"}\n\n{"tokens": [1, 2], "more": 0}\n{"text": ""}')).toEqual(["é", [1, 2]]);
  expect(contents("a.JSON", "[1, 2, 3]")).toEqual([[1, 2, 3]]);
  expect(contents("a.json", "[[1, 2], [3]]")).toEqual([[1, 2], [3]]);
  expect(contents("a.json", '{"tokens": [4]}')).toEqual([[4]]);
  const [stream] = readDocuments("train.bin", Uint8Array.of(1, 0, 0, 1, 255, 255));
  expect(Array.from((stream?.content ?? []) as Uint16Array)).toEqual([1, 256, 65535]);
});

test.each([
  ["a.txt", "", "a.txt: is empty"],
  ["a.txt", " \n<|endoftext|>\n", "a.txt: has no document"],
  ["a.jsonl", '{"text": "x"}\n{"text": NaN}', "a.jsonl: line 2"],
  ["a.jsonl", '{"txt": "x"}', "a.jsonl: line 1: has neither a text nor tokens"],
  ["a.jsonl", '{"tokens": [1, -1]}', "a.jsonl: line 1: tokens[1] is -1, expected a token id"],
  ["a.json", "[1, 2.5]", "a.json: tokens[1] is 2.5, expected a token id"],
  ["a.json", "[[1], [null]]", "a.json: document 1: tokens[0] is null"],
  ["a.json", "[]", "a.json: has no document"],
  ["a.json", '"x"', "a.json: has neither a text nor tokens"],
  ["a.bin", "abc", "a.bin: has 3 bytes, expected 2 for each token id"],
])("%s: %j is refused", (file, text, message) => {
  expect(() => readDocuments(file, bytes(text))).toThrow(message);
});

test("a file that is no UTF-8 is refused", () => {
  expect(() => readDocuments("a.txt", Uint8Array.of(0xff, 0xfe))).toThrow("a.txt");
});

test("tokens: as the tokenizer has them, the end after each; ids as they are, if the vocabulary has them", async () => {
  const folder = "examples/models/voices-dense";
  const parsed = async (name: string) => JSON.parse(await readFile(`${folder}/${name}`, "utf8"));
  const tokenizer = createTokenizer(await parsed("tokenizer.json"), await parsed("tokenizer_config.json"));
  const documents = [
    { where: "a", content: "<|whale|>The sea" },
    { where: "b", content: [5, 6] },
    { where: "c", content: "x<|eos|>" },
  ];
  const { tokens, starts } = await tokenise(documents, { tokenizer, vocabulary: 2048 });
  const of = (i: number) => [...tokens.slice(starts[i], starts[i + 1])];
  expect(of(0)).toEqual([...tokenizer.encode("<|whale|>The sea"), 1]);
  expect(of(0).slice(0, 2)).toEqual([0, 3]);
  expect(of(1)).toEqual([5, 6]);
  expect(of(2)).toEqual(tokenizer.encode("x<|eos|>"));
  expect(starts.at(-1)).toBe(tokens.length);
  await expect(tokenise(documents, { tokenizer, vocabulary: 6 })).rejects.toThrow(
    /^a: token \d is \d+, but the model's/,
  );
  await expect(tokenise(documents, { vocabulary: 9 })).rejects.toThrow("a: is a text, for which there is no tokenizer");
});

test("held out: a share of documents by their content, wherever they are", () => {
  const documents = Array.from({ length: 4000 }, (_, i) => ({
    where: "",
    content: i % 2 ? `document ${i}` : [i, i + 1],
  }));
  const { training, heldOut } = splitHeldOut(documents, 0.1);
  expect(training.length + heldOut.length).toBe(4000);
  expect(heldOut.length / 4000).toBeCloseTo(0.1, 1.5);
  const again = splitHeldOut(documents.toReversed(), 0.1).heldOut.map(({ content }) => JSON.stringify(content));
  expect(new Set(again)).toEqual(new Set(heldOut.map(({ content }) => JSON.stringify(content))));
  expect(splitHeldOut(documents, 0).heldOut).toEqual([]);
});
