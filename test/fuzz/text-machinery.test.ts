import { ReplaceNormalizer } from "@huggingface/tokenizers";
import { expect, test } from "vitest";
import { createEncoderTokenizer } from "../../src/text/encoder-tokenizer.ts";
import { makePattern } from "../../src/text/pattern/pattern.ts";
import { makeStepLimit } from "../../src/text/pattern/step-limit.ts";
import { createChatTemplate } from "../../src/text/template/create-chat-template.ts";
import { TextError } from "../../src/text/text-error.ts";
import { attempts, randomFor } from "../support/fuzz.ts";
import { pick, times } from "./hostile/choices.ts";
import { costlyTemplates, hostileTemplate } from "./hostile/hostile-templates.ts";
import { expressionWithReferences, hostileTexts, hostileTokenizer } from "./hostile/hostile-tokenizers.ts";

/** How many attempts ended, and in which way: what would take too long, a limit of steps ends. */
type Counts = Map<string, number>;

const summary = (name: string, all: number, counts: Counts) =>
  `${name}: ${all}, ${[...counts].map(([kind, count]) => `${kind} ${count}`).join(", ")}`;

/** Runs one attempt: it ends, or is a TextError that names the file or the template. Counts which. */
function outcome(counts: Counts, shown: unknown, attempt: () => void): void {
  let kind = "ended";
  try {
    attempt();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const clear = error instanceof TextError && /^(tokenizer\.json|the chat template)/.test(message);
    if (!clear || /Cannot read|is not iterable|(?<!that )is not a function|\[object|NaN|call stack/.test(message)) {
      throw new Error(`unclear: ${String(error)} for ${JSON.stringify(shown).slice(0, 2000)}`, { cause: error });
    }
    kind = /takes more than|expected at most|too much memory|too large/.test(message) ? "limit" : "refused";
  }
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
}

/** Begins and ends of all matches, by this engine and by the platform's. */
function bothMatches(source: string, text: string): [ours: number[], platform: number[]] {
  const limit = makeStepLimit("pattern");
  limit.begin(text.length);
  const ours: number[] = [];
  makePattern(source, "pattern").each(text, limit, (begin, end) => ours.push(begin, end));
  // One start after another: a search of V8's would also start between the halves of a surrogate pair.
  const platform: number[] = [];
  const sticky = new RegExp(source, "uy");
  for (let begin = 0; begin <= text.length; ) {
    sticky.lastIndex = begin;
    const length = sticky.exec(text)?.[0].length;
    if (length !== undefined) platform.push(begin, begin + length);
    begin += length || ((text.codePointAt(begin) ?? 0) > 0xffff ? 2 : 1);
  }
  return [ours, platform];
}

test("patterns match as the platform's do", () => {
  const random = randomFor("patterns").uniform;
  let matched = 0;
  let limited = 0;
  const all = attempts(20_000, 600);
  for (let i = 0; i < all; i++) {
    const source = expressionWithReferences(random);
    const text = times(Math.floor(random() * 9), () => pick(random, ["a", "b", "c", "🐋", "\n"])).join("");
    try {
      const [ours, platform] = bothMatches(source, text);
      expect(ours, `${source} on ${JSON.stringify(text)}`).toEqual(platform);
      if (ours.length > 0) matched++;
    } catch (error) {
      if (!(error instanceof TextError && /takes more than/.test(error.message))) throw error;
      limited++;
    }
  }
  console.log(`patterns: ${all}, with matches ${matched}, over the limit ${limited}, all others as the platform's`);
  expect(matched).toBeGreaterThan(all / 3);
  expect(limited).toBeLessThan(all / 100);
});

const contractions = "'s|'t|'re|'ve|'m|'ll|'d";
const spaces = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`;
/** How tokenizers in use cut words, as their files have it. */
const inUse: Readonly<Record<string, string>> = {
  "GPT-2": String.raw`${contractions}| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  "Llama 3": String.raw`(?i:${contractions})|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|${spaces}`,
  "Qwen 2": String.raw`(?i:${contractions})|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|${spaces}`,
  "DeepSeek V3": String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_${"`"}{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|${spaces}`,
  "DeepSeek V3, East Asia": "[一-龥\u3040-ゟ゠-ヿ]+",
  "DeepSeek LLM": String.raw`\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-Ֆ]+`,
  "GPT-4o, gpt-oss": [
    String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:${contractions})?`,
    String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:${contractions})?`,
    String.raw`\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|${spaces}`,
  ].join("|"),
};

const passages = [
  "The sea's edge, 1851:\r\n\r\n  WHALES & Größe ",
  "鯨は海を 12345 泳ぐ。",
  "кит плывёт\t…!!! ",
  "🐋\u0301ﬁ\u00a0x",
];

test("patterns in use match as the platform's, within a third of the limit on any text", () => {
  const long = ["a", "A", "ä", "鯨", "1", " ", "\n", " \n", "!", "'", "a ", "\u0301", "🐋", "a1", "Aa"];
  for (const [name, source] of Object.entries(inUse)) {
    const translated = new ReplaceNormalizer({ type: "Replace", pattern: { Regex: source }, content: "" }).pattern;
    const javaScript = translated?.source ?? "";
    const [ours, platform] = bothMatches(javaScript, passages.join(" ").repeat(3));
    expect(ours, name).toEqual(platform);
    const pattern = makePattern(javaScript, name);
    for (const letters of long) {
      const text = letters.repeat(4000 / letters.length);
      const limit = makeStepLimit(name);
      limit.begin(text.length);
      const before = limit.left;
      pattern.each(text, limit, () => {});
      expect((before - limit.left) / text.length, `${name} on ${JSON.stringify(letters)}`).toBeLessThan(50);
    }
  }
});

test("hostile tokenizers end, or are errors that say what is wrong", () => {
  const random = randomFor("tokenizers").uniform;
  const counts: Counts = new Map();
  const all = attempts(1200, 10);
  for (let i = 0; i < all; i++) {
    const file = hostileTokenizer(random);
    const text = pick(random, hostileTexts);
    outcome(counts, { file, text: text.slice(0, 40) }, () => {
      const tokenizer = createEncoderTokenizer(file, {});
      const ids = tokenizer.encode(text);
      // The ranges are in the text, in order of their ends, and the ids are the same.
      const input = tokenizer.encodeInput(text);
      expect(input.ids).toEqual(ids);
      for (const span of input.spans) {
        const { start, end } = span ?? { start: -1, end: -1 };
        if (!(0 <= start && start <= end && end <= text.length)) throw new Error(`range ${start} to ${end}`);
      }
      tokenizer.decode(ids.slice(0, 100));
      for (const id of ids.slice(0, 10)) tokenizer.bytesOf(id);
    });
  }
  console.log(summary("tokenizers", all, counts));
  for (const kind of ["ended", "limit"]) expect(counts.get(kind) ?? 0).toBeGreaterThan(all / 50);
});

test("hostile templates end, or are errors that say what is wrong", () => {
  const random = randomFor("templates").uniform;
  const counts: Counts = new Map();
  const messages = times(6, (i) => ({ role: i % 2 === 0 ? "user" : "assistant", content: "the whale ".repeat(6) }));
  const all = attempts(5000, 90);
  for (let i = 0; i < all; i++) {
    const source = costlyTemplates[i] ?? hostileTemplate(random);
    outcome(counts, source, () => {
      createChatTemplate({ tokenizerConfig: {}, chatTemplateJinja: source })?.render(messages);
    });
  }
  console.log(summary("templates", all, counts));
  for (const kind of ["ended", "limit", "refused"]) expect(counts.get(kind) ?? 0).toBeGreaterThan(all / 50);
});
