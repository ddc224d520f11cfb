import { Tokenizer as RustTokenizer } from "tokenizers";
import { describe, expect, test } from "vitest";
import { randomSource } from "../../src/check/random.ts";
import { tokenizerMetadata } from "../../src/convert/tokenizer-metadata.ts";
import { readTokenizer } from "../../src/formats/gguf/entry.ts";
import type { GgufValue } from "../../src/formats/gguf/header.ts";
import { prePatterns } from "../../src/formats/gguf/tokenizer/pre-patterns.ts";
import { inGguf } from "../../src/formats/gguf-name.ts";
import { readFields } from "../../src/formats/json/fields.ts";
import { readModelFolder } from "../../src/generate/load/model-folder.ts";
import { createTokenizer } from "../../src/text/create-tokenizer.ts";
import { readPreTokenizer } from "../../src/text/parts/pre-tokenizer.ts";
import { makeStepLimit } from "../../src/text/pattern/step-limit.ts";
import { gemmaConfig, gemmaTexts, gemmaTokenizer } from "../text/gemma-tokenizers.ts";
import { memorySource } from "./checkpoint-bytes.ts";
import { text, texts, u32 } from "./gguf-files.ts";
import { byteTokenizer, pieceTokenizer, tinyGguf } from "./gguf-tiny.ts";

const read = (tokenizer: Record<string, GgufValue>, more: Record<string, GgufValue> = {}) =>
  readModelFolder(inGguf(memorySource({ "m.gguf": tinyGguf(tokenizer, more) }), "m.gguf"));

/**
 * SentencePiece's rule: of all neighbours, those merge first whose token has the highest score, the leftmost of equals.
 */
function byScores(content: string, tokens: readonly string[], scores: readonly number[]): string[] {
  const pieces = [...`▁${content}`.replaceAll(" ", "▁")];
  for (;;) {
    let best = -1;
    let highest = Number.NEGATIVE_INFINITY;
    for (let i = 0; i + 1 < pieces.length; i++) {
      const id = tokens.indexOf(`${pieces[i]}${pieces[i + 1]}`);
      const score = scores[id] ?? Number.NEGATIVE_INFINITY;
      if (id >= 0 && score > highest) [best, highest] = [i, score];
    }
    if (best < 0) break;
    pieces.splice(best, 2, `${pieces[best]}${pieces[best + 1]}`);
  }
  return pieces.flatMap((piece) => {
    if (tokens.includes(piece)) return [piece];
    return [...new TextEncoder().encode(piece)].map(
      (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
    );
  });
}

describe("the tokenizer of a GGUF file", () => {
  test("of kind llama merges by scores, and writes what has no token as bytes", async () => {
    const metadata = pieceTokenizer();
    const tokens = metadata["tokenizer.ggml.tokens"]?.value as readonly string[];
    const scores = metadata["tokenizer.ggml.scores"]?.value as readonly number[];
    const { tokenizer, defaults, chatTemplate } = await read(metadata);
    for (const content of ["the cat", "a cat in the hat", "thethe", "é, 日本", "  two  spaces", "\n"]) {
      const ids = tokenizer.encode(content);
      expect(ids.map((id) => tokens[id])).toEqual(["<s>", ...byScores(content, tokens, scores)]);
      expect(tokenizer.decode(ids)).toBe(content);
    }
    expect(tokenizer.encode("<|im_end|>")).toEqual([1, tokens.indexOf("<|im_end|>")]);
    // What the metadata names, and what its text says.
    expect(defaults.eos).toEqual([2, tokens.indexOf("<|im_end|>")]);
    expect(chatTemplate?.render([{ role: "user", content: "the cat" }])).toBe("the cat");
  });

  test("puts no space in front of a text where the file says so", async () => {
    const { tokenizer } = await read(pieceTokenizer(), {
      "tokenizer.ggml.add_space_prefix": { type: "bool", value: false },
    });
    expect(tokenizer.encode("the")).toEqual([1, tokenizer.idOf("t"), tokenizer.idOf("he")]);
    expect(tokenizer.decode(tokenizer.encode("the cat"))).toBe("the cat");
  });

  test("of kind gpt2 merges in the order of its list", async () => {
    const { tokenizer } = await read(byteTokenizer());
    const ids = tokenizer.encode("the the cat é");
    expect(ids.map((id) => tokenizer.token(id))).toEqual(["the", "Ġthe", "Ġcat", "Ġ", "Ã", "©"]);
    expect(tokenizer.decode(ids)).toBe("the the cat é");
  });

  test.each([
    ["gpt-2", "don't 1234  x", ["don", "'t", " 1234", " ", " x"]],
    ["smollm", "don't 1234", ["don", "'t", " ", "1", "2", "3", "4"]],
    ["llama-bpe", "DON'T 1234\n x", ["DON", "'T", " ", "123", "4", "\n", " x"]],
    ["qwen2", "(ab) 12\n\n", ["(ab", ")", " ", "1", "2", "\n\n"]],
    ["gpt-4o", "helloWorld's a/\n", ["hello", "World's", " a", "/\n"]],
    ["tekken", "helloWorld 12", ["hello", "World", " ", "1", "2"]],
    ["deepseek-v3", "x=1234, 日本", ["x", "=", "123", "4", ",", " ", "日本"]],
    ["deepseek-llm", "ab 12, 日本", ["ab", " ", "12", ",", " ", "日本"]],
    ["deepseek-coder", "ab 12", ["ab", " ", "1", "2"]],
    ["falcon", "a+b 1234", ["a", "+", "b", " ", "123", "4"]],
    ["bloom", "one, two", ["one", ",", " two"]],
  ])("cuts texts as %s does", async (pre, content, pieces) => {
    expect(pieces.join("")).toBe(content);
    expect(cutBy(pre, content)).toEqual(pieces);
    // It is what a file of that name has.
    const { tokenizer } = await read(byteTokenizer(pre));
    expect(tokenizer.decode(tokenizer.encode(content))).toBe(content);
  });

  test.each([
    [
      "an unknown kind",
      { "tokenizer.ggml.model": text("rwkv") },
      /tokenizer\.ggml\.model is rwkv, known are llama, gpt2/,
    ],
    ["no tokens", { "tokenizer.ggml.tokens": texts([]) }, /tokenizer\.ggml\.tokens has 0 entries/],
    [
      "scores of other tokens",
      { "tokenizer.ggml.scores": { type: "array", of: "f32", value: [1] } },
      /tokenizer\.ggml\.scores has 1 entries for \d+ tokens/,
    ],
    [
      "an end that is no token",
      { "tokenizer.ggml.eos_token_id": u32(99999) },
      /tokenizer\.ggml\.eos_token_id is 99999, expected an integer from 0 to/,
    ],
    ["a name of another type", { "tokenizer.ggml.model": u32(1) }, /tokenizer\.ggml\.model is 1, expected a string/],
  ] as const)("refuses %s", async (_, more, message) => {
    await expect(read(pieceTokenizer(), more as Record<string, GgufValue>)).rejects.toThrow(message);
  });

  test("refuses merges of no tokens, and names of ways to cut that are not known", async () => {
    await expect(read(byteTokenizer(), { "tokenizer.ggml.merges": texts(["t q"]) })).rejects.toThrow(
      /m\.gguf: tokenizer\.ggml\.merges\[0\] is t q, but there is no token tq/,
    );
    await expect(read(byteTokenizer("no-such"))).rejects.toThrow(/tokenizer\.ggml\.pre is no-such, known are gpt-2, /);
    const { warnings } = await read(byteTokenizer("default"));
    expect(warnings).toEqual([expect.stringMatching(/tokenizer\.ggml\.pre names no way to cut texts/)]);
  });

  test("refuses more tokens than the embedding has rows for", async () => {
    const more = pieceTokenizer();
    const tokens = more["tokenizer.ggml.tokens"]?.value as string[];
    await expect(
      read(pieceTokenizer(), {
        "tokenizer.ggml.tokens": texts([...tokens, "more"]),
        "tokenizer.ggml.token_type": { type: "array", of: "i32", value: [...tokens.map(() => 1), 1] },
        "tokenizer.ggml.scores": { type: "array", of: "f32", value: [...tokens.map(() => 0), 0] },
      }),
    ).rejects.toThrow(/m\.gguf: tokenizer\.ggml\.tokens has token id \d+, but it has rows for \d+/);
  });

  test.each([
    ["llama", pieceTokenizer()],
    ["gpt2", byteTokenizer("qwen2")],
  ])("of kind %s is written as it was read", async (_, metadata) => {
    const raw = Object.fromEntries(Object.entries(metadata).map(([key, { value }]) => [key, value]));
    const { tokenizer } = readTokenizer(readFields("m.gguf", raw));
    const { tokenizer: used } = await read(metadata);
    const vocabulary = (raw["tokenizer.ggml.tokens"] as readonly string[]).length;
    const template = raw["tokenizer.chat_template"] as string | undefined;
    const written = tokenizerMetadata({ tokenizer, used, chatTemplate: template, vocabulary });
    const again = await read(Object.fromEntries(written));
    for (const content of ["the cat", "a cat in the hat", "é, 日本", "<|im_end|>  x 123"]) {
      expect(again.tokenizer.encode(content)).toEqual(used.encode(content));
    }
    expect(again.defaults.eos).toEqual((await read(metadata)).defaults.eos);
  });
});

describe.each([2, 3] as const)("the tokenizer of a file that is written of Gemma %s", (version) => {
  const file = gemmaTokenizer(version);
  const folder = createTokenizer(file, gemmaConfig);
  const template = gemmaConfig["chat_template"] as string;
  const metadata = tokenizerMetadata({
    tokenizer: file,
    used: folder,
    chatTemplate: template,
    // An embedding may have more rows than there are tokens.
    vocabulary: folder.size + 3,
  });
  const value = (key: string) => metadata.get(`tokenizer.ggml.${key}`)?.value;

  test("says what llama.cpp needs to know: bytes, tokens of users, no space in front", () => {
    const [tokens, kinds] = [value("tokens") as readonly string[], value("token_type") as readonly number[]];
    const kindOf = (token: string) => kinds[tokens.indexOf(token)];
    expect([value("model"), value("add_space_prefix"), value("add_bos_token"), value("add_eos_token")]).toEqual([
      ...["llama", false, true, false],
    ]);
    expect(["<bos>", "<end_of_turn>", "<unk>", "<0x0A>", "\n\n", "▁▁", "<h1>", "▁the"].map(kindOf)).toEqual([
      ...[3, 3, 2, 6, 4, 4, 4, 1],
    ]);
    expect(kinds.slice(-3)).toEqual([5, 5, 5]);
    const scores = value("scores") as readonly number[];
    const scoreOf = (token: string) => scores[tokens.indexOf(token)] ?? Number.NaN;
    expect(scoreOf("▁▁▁")).toBeGreaterThan(scoreOf("▁▁"));
    expect(scoreOf("▁▁")).toBeGreaterThan(scoreOf("▁the"));
  });

  test("gives the tokens and texts that the folder's does, and Rust's library too", async () => {
    const { tokenizer, defaults, chatTemplate } = await read(Object.fromEntries(metadata));
    const other = RustTokenizer.fromString(JSON.stringify(file));
    for (const content of [...gemmaTexts, ...randomTexts(200)]) {
      const ids = folder.encode(content);
      const isWellFormed = content.isWellFormed();
      expect(tokenizer.encode(content), JSON.stringify(content)).toEqual(ids);
      if (isWellFormed) expect((await other.encode(content)).getIds(), JSON.stringify(content)).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(folder.decode(ids));
      const [plain] = [folder.encode(content, { addSpecialTokens: false })];
      if (!/<|▁|\ufffd/.test(content)) expect(folder.decode(plain)).toBe(content);
    }
    expect(defaults.eos.map((id) => tokenizer.token(id))).toEqual(["<eos>", "<end_of_turn>"]);
    expect(chatTemplate?.render([{ role: "user", content: " the cat " }], { addGenerationPrompt: true })).toBe(
      "<bos><start_of_turn>user\nthe cat<end_of_turn>\n<start_of_turn>model\n",
    );
  });
});

/** Texts of characters and tokens that meet in unusual ways. */
function randomTexts(count: number): string[] {
  const parts = [..." \n\tthercas.▁é日鯨🐋", "the", " the", "<h1>", "<end_of_turn>", "  ", "\n\n", "<0x0A>", "here"];
  const random = randomSource(7);
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + random.integer(24) }, () => parts[random.integer(parts.length)]).join(""),
  );
}

/** The pieces into which a way to cut cuts a text. */
function cutBy(name: string, content: string): readonly string[] {
  const pretokenizers = (prePatterns.get(name)?.patterns ?? []).map((pattern) => ({
    type: "Split",
    pattern: { Regex: pattern },
    behavior: "Isolated",
  }));
  const limit = makeStepLimit("test");
  limit.begin(content.length);
  return readPreTokenizer({ type: "Sequence", pretokenizers }, "test")?.([content], 0, limit) ?? [];
}
