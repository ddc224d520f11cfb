// Long texts a slice at a time: the ids of the whole, and no more work than the context has room for.
import { BPE } from "@huggingface/tokenizers";
import { expect, test, vi } from "vitest";
import { createTokenizer } from "../../src/text/create-tokenizer.ts";
import { bertFile, robertaFile, unigramFile, wordLevelFile } from "./encoder-tokenizers.ts";
import { byteFallbackTokenizer, voicesConfig, voicesTokenizer } from "./example-tokenizers.ts";
import { gemmaTokenizer } from "./gemma-tokenizers.ts";

const files = {
  voices: voicesTokenizer(),
  "byte fallback": byteFallbackTokenizer(),
  gemma: gemmaTokenizer(2),
  roberta: robertaFile(),
  bert: bertFile(),
  unigram: unigramFile(),
  words: wordLevelFile(),
};

const passage =
  "The sea's edge, 1851:\r\n\r\n  the WHALES & Größe <|whale|> 鯨は海を 🐋\u0301 [MASK] </s> x \ufeff\t…!!! ";
const texts = [
  ...["", "the", passage.repeat(200), "a".repeat(9000), `${"the ".repeat(4000)}</s>${"x ".repeat(1000)}`],
  ...[" ".repeat(17_000), `${"鯨".repeat(9000)} ${"\n".repeat(9000)}.`],
];

test.each(Object.entries(files))("the ids of a long text are those of the whole: %s", async (name, file) => {
  const tokenizer = createTokenizer(file, name === "voices" ? voicesConfig() : {});
  for (const text of texts) {
    const whole = tokenizer.encode(text);
    expect(await tokenizer.encodeAtMost(text, whole.length)).toEqual(whole);
    expect(await tokenizer.encodeAtMost(text, Number.POSITIVE_INFINITY)).toEqual(whole);
    if (whole.length > 0) expect(await tokenizer.encodeAtMost(text, whole.length - 1)).toBeUndefined();
  }
});

test("another text may be tokenized between the slices of a long one, and a signal ends them", async () => {
  const tokenizer = createTokenizer(voicesTokenizer(), voicesConfig());
  const long = passage.repeat(800);
  let others = 0;
  let ended = false;
  const encoding = tokenizer.encodeAtMost(long, 1e9).finally(() => {
    ended = true;
  });
  while (!ended) {
    await new Promise((resolve) => setImmediate(resolve));
    tokenizer.encode("the whale");
    others++;
  }
  expect(others).toBeGreaterThan(2);
  expect(await encoding).toEqual(tokenizer.encode(long));
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(tokenizer.encodeAtMost(long, 1e9, { signal })).rejects.toThrow("enough");
});

test.each([
  ["words", "the whale "],
  ["one word", "a"],
  ["spaces", " "],
])("of 4 MB of %s no more is cut into tokens than the context has room for", async (_, part) => {
  const encode = vi.spyOn(BPE.prototype, "encode");
  try {
    const composed = { ...voicesTokenizer(), normalizer: { type: "NFC" } }; // may make a text shorter
    for (const [file, most] of [
      [voicesTokenizer(), 0],
      [gemmaTokenizer(2), 0],
      [composed, 20_000],
    ] as const) {
      const tokenizer = createTokenizer(file, {});
      encode.mockClear();
      expect(await tokenizer.encodeAtMost(part.repeat((4 << 20) / part.length), 512)).toBeUndefined();
      const characters = encode.mock.calls.flat(2).reduce((sum, piece) => sum + piece.length, 0);
      expect(characters).toBeLessThanOrEqual(most);
    }
  } finally {
    encode.mockRestore();
  }
});
