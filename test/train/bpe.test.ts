import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BPE, byteLevelPreTokenizer, Tokenizer as RustTokenizer } from "tokenizers";
import { expect, test } from "vitest";
import { createTokenizer } from "../../src/text/create-tokenizer.ts";
import { trainTokenizer } from "../../src/train/bpe/train-tokenizer.ts";

type Merges = readonly (readonly [string, string])[];
const mergesOf = (parsed: Readonly<Record<string, unknown>>) => (parsed["model"] as { readonly merges: Merges }).merges;

const trained = (text: string, vocabulary: number) =>
  mergesOf(trainTokenizer([text], { vocabulary, special: [] }).tokenizer);

/** What huggingface/tokenizers learns of a file. */
async function rust(text: string): Promise<Merges> {
  const folder = await mkdtemp(join(tmpdir(), "shaderformer-bpe-"));
  try {
    await writeFile(join(folder, "text"), text);
    const tokenizer = new RustTokenizer(BPE.empty());
    tokenizer.setPreTokenizer(byteLevelPreTokenizer(false, true));
    tokenizer.train([join(folder, "text")]);
    tokenizer.save(join(folder, "tokenizer.json"));
    return mergesOf(JSON.parse(await readFile(join(folder, "tokenizer.json"), "utf8")));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const nasty = [
  "aaaa aaaaa aaa\n\n\n  aab aab\tab\r\n ab   \n",
  "It's they'll we'VE I'd 123 4567 ½ \u0085 \ufeff \u00a0\u3000 é ☃ 日本語 🧪🧪 \u2028\u2029",
  "ab abc bc abcd bcd cd abcd ababab bababa",
].join("\n");

test.each([
  ["prose", () => readFile("docs/design.md", "utf8")],
  ["code", () => readFile("src/cli/generate/generate.ts", "utf8")],
  ["repeats, contractions and other scripts", async () => nasty.repeat(3)],
  ["no end of the last line", async () => "one two three\none two"],
])("merges are those of huggingface/tokenizers: %s", async (_, read) => {
  const text = await read();
  const theirs = await rust(text);
  const ours = trained(text, 256 + 10_000);
  const count = Math.min(ours.length, theirs.length);
  console.log(`${count} merges`);
  expect(ours.slice(0, count)).toEqual(theirs.slice(0, count));
  expect(count).toBeGreaterThan(5);
  expect(theirs.length).toBeLessThanOrEqual(ours.length);
});

test("a tokenizer of so many tokens, which the house's own reads, and every text goes there and back", async () => {
  const text = await readFile("docs/design.md", "utf8");
  const special = ["<|bos|>", "<|eos|>", "<|whale|>"];
  const { tokenizer, config } = trainTokenizer([text], { vocabulary: 400, special, bos: "<|bos|>", eos: "<|eos|>" });
  const made = createTokenizer(JSON.parse(JSON.stringify(tokenizer)), JSON.parse(JSON.stringify(config)));
  expect([made.size, made.bos, made.eos, made.idOf("<|whale|>")]).toEqual([400, 0, 1, 2]);
  for (const one of [text, nasty, "\u0000\u0001"]) {
    const ids = made.encode(one, { addSpecialTokens: false });
    expect(made.decode(ids)).toBe(one);
    expect(Math.max(...ids)).toBeLessThan(400);
  }
  expect(made.encode("<|whale|>x").slice(0, 2)).toEqual([0, 2]);
  const bytes = new TextEncoder().encode(text).length;
  expect(made.encode(text).length).toBeLessThan(0.6 * bytes);
  const plain = createTokenizer(...(Object.values(trainTokenizer([text], { vocabulary: 300 })) as [unknown, unknown]));
  expect([plain.eos, plain.bos, plain.encode("a").length]).toEqual([0, undefined, 1]);
});

test("what is wrong is said", () => {
  const train = (texts: readonly string[], options: Parameters<typeof trainTokenizer>[1]) => () =>
    trainTokenizer(texts, options);
  expect(train(["a"], { vocabulary: 256 })).toThrow("vocabulary is 256, expected at least 257: 256 bytes and 1 more");
  expect(train([""], { vocabulary: 300 })).toThrow("texts have no word");
  expect(train(["a"], { vocabulary: 300, bos: "x" })).toThrow("bos is x, expected one of special");
  expect(train(["a"], { vocabulary: 300, special: ["a"] })).toThrow("special has a, which is a token already");
  expect(train(["a"], { vocabulary: 300, special: ["x|", "x|"] })).toThrow("special has x|, which is a token already");
});
