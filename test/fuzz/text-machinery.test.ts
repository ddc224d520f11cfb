import { ReplaceNormalizer } from "@huggingface/tokenizers";
import { expect, test } from "vitest";
import { createChatTemplate } from "../../src/text/create-chat-template.ts";
import { createTokenizer } from "../../src/text/create-tokenizer.ts";
import { makePattern } from "../../src/text/pattern.ts";
import { makeStepLimit } from "../../src/text/step-limit.ts";
import { TextError } from "../../src/text/text-error.ts";
import { attempts, randomFor } from "../support/fuzz.ts";

type Json = Record<string, unknown>;
type Random = () => number;

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
const times = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));

/** No attempt may take longer. The limits are of steps, a few seconds at most; the machine may be busy. */
const mostMilliseconds = 5000;

/** How many attempts ended, and in which way; the longest, in milliseconds. */
interface Counts {
  readonly of: Map<string, number>;
  longest: number;
}

const summary = (name: string, all: number, { of, longest }: Counts) =>
  `${name}: ${all}, ${[...of].map(([kind, count]) => `${kind} ${count}`).join(", ")}, at most ${Math.round(longest)} ms`;

/** Runs one attempt: it ends, or is a TextError that names the file or the template. Counts which. */
function outcome(counts: Counts, shown: unknown, attempt: () => void): void {
  const begin = performance.now();
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
  const took = performance.now() - begin;
  if (took > mostMilliseconds) throw new Error(`${took} ms for ${JSON.stringify(shown).slice(0, 2000)}`);
  counts.longest = Math.max(counts.longest, took);
  counts.of.set(kind, (counts.of.get(kind) ?? 0) + 1);
}

// ---------------------------------------------------------------------------------------------------------- patterns

/** An expression of a few letters with every kind of term, nested `depth` deep. */
function expression(random: Random, depth: number): string {
  const term = (): string => {
    const roll = random();
    const inner = () => expression(random, depth - 1);
    if (depth === 0 || roll < 0.45) return pick(random, ["a", "b", "c", "[ab]", "[^a]", String.raw`\p{L}`, "🐋", "."]);
    if (roll < 0.6) return `(${inner()})`;
    if (roll < 0.75) return `(?:${inner()}|${inner()})`;
    return `(${pick(random, ["?=", "?!", "?<=", "?<!"])}${inner()})`;
  };
  const quantifier = () =>
    pick(random, ["", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{2,}", "{0,2}?"]);
  const terms = times(1 + Math.floor(random() * 3), () => {
    const one = term();
    return /^\(\?[=!<]/.test(one) ? one : one + quantifier();
  });
  return terms.join("");
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
  const all = attempts(20_000, 600);
  for (let i = 0; i < all; i++) {
    const source = expression(random, 3);
    const text = times(Math.floor(random() * 9), () => pick(random, ["a", "b", "c", "🐋", "\n"])).join("");
    const [ours, platform] = bothMatches(source, text);
    expect(ours, `${source} on ${JSON.stringify(text)}`).toEqual(platform);
    if (ours.length > 0) matched++;
  }
  console.log(`patterns: ${all} as the platform's, ${matched} of them with matches`);
  expect(matched).toBeGreaterThan(all / 2);
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
      expect((before - limit.left) / text.length, `${name} on ${JSON.stringify(letters)}`).toBeLessThan(33);
    }
  }
});

// -------------------------------------------------------------------------------------------------------- tokenizers

/** Expressions that take a backtracking engine exponential or polynomial time, or much memory. */
const costly = [
  "(a+)+$",
  "(a|a)*b",
  "(a|aa)+$",
  "(a*)*b",
  "([a-z]+)*=",
  String.raw`(\s*a\s*)*$`,
  "a*a*a*a*a*a*b",
  ".*.*.*=.*",
  "(?=(a+)+b)a",
  "(?<=(a+)+)b",
  "(?:a?){30}a{30}",
  "(?:a{1,100}){1,100}b",
  "(?:(?:a{1,90}){1,90}){1,90}",
  "(?!(a+)+$)a",
  "(.|\\n)*?b",
  "(a?){9999999}",
  "((a*)+)+$",
  `${"(".repeat(300)}a${")".repeat(300)}`,
  "a".repeat(20_000),
];

const texts = [
  "a".repeat(40),
  `${"a".repeat(5000)}b`,
  "a".repeat(9000),
  "a ".repeat(5000),
  " ".repeat(9000),
  "ab".repeat(4000),
  "x=\n".repeat(3000),
  "\ufdfa".repeat(1000),
  "the whale <s> the ".repeat(300),
  "🐋鯨".repeat(2000),
];

const literal = (random: Random) => pick(random, ["a", " ", "", "aa", "a".repeat(9000)]);
const patternOf = (random: Random): Json =>
  random() < 0.3
    ? { String: literal(random) }
    : { Regex: random() < 0.7 ? pick(random, costly) : expression(random, 4) };
const chain = (random: Random, step: () => Json) =>
  times(pick(random, [1, 1, 2, 3, 30, 90, 2000]), step).filter((_, i) => i < 3 || i % 7 !== 6);

function hostileNormalizer(random: Random): Json {
  const same: Json = pick(random, [
    { type: "Replace", pattern: { String: "a" }, content: "aa" },
    { type: "Replace", pattern: { Regex: "." }, content: "a".repeat(pick(random, [2, 50, 100_000])) },
    { type: "Replace", pattern: { String: "" }, content: "aa" },
    { type: "Prepend", prepend: "a".repeat(pick(random, [1, 1000, 1_000_000])) },
    { type: pick(random, ["NFKD", "NFKC", "Lowercase", "StripAccents", "Precompiled", "BertNormalizer"]) },
    { type: "Replace", pattern: patternOf(random), content: pick(random, ["", "a", "aa", "$&$&", " a "]) },
  ]);
  const normalizers = chain(random, () =>
    random() < 0.8 ? same : { type: "Replace", pattern: patternOf(random), content: "aa" },
  );
  return { type: "Sequence", normalizers };
}

function hostilePreTokenizer(random: Random): Json {
  const behavior = () => pick(random, ["Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"]);
  const step = (): Json =>
    pick<() => Json>(random, [
      () => ({ type: "Split", pattern: patternOf(random), behavior: behavior(), invert: random() < 0.1 }),
      () => ({ type: "ByteLevel", add_prefix_space: true, use_regex: random() < 0.5 }),
      () => ({ type: "Metaspace", replacement: "a", prepend_scheme: "always" }),
      () => ({ type: "CharDelimiterSplit", delimiter: literal(random) }),
      () => ({ type: pick(random, ["Whitespace", "WhitespaceSplit", "Punctuation", "Digits", "BertPreTokenizer"]) }),
      () => ({ type: "FixedLength", length: pick(random, [1, 3, 65_535]) }),
    ])();
  return { type: "Sequence", pretokenizers: chain(random, step) };
}

const growingTokens = (count: number) => times(count, (i) => "a".repeat(i + 1));

function hostileModel(random: Random): Json {
  const tokens = ["<unk>", "<s>", "b", " ", "ab", "Ġ", ...growingTokens(pick(random, [1, 10, 800]))];
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  const merges = growingTokens(tokens.length - 7).map((token) => [token, "a"]);
  return pick<Json>(random, [
    { type: "BPE", vocab, merges, unk_token: "<unk>" },
    { type: "BPE", vocab, merges: [], unk_token: "<unk>", byte_fallback: true, fuse_unk: true },
    { type: "Unigram", vocab: tokens.map((token, i) => [token, -i / 100]), unk_id: 0 },
    { type: "WordPiece", vocab, unk_token: "<unk>", continuing_subword_prefix: "", max_input_chars_per_word: 0xffffff },
  ]);
}

function hostileTokenizer(random: Random): Json {
  const maybe = (make: (random: Random) => Json, chance: number) => (random() < chance ? make(random) : null);
  const added = pick(random, [0, 1, 300]);
  return {
    normalizer: maybe(hostileNormalizer, 0.4),
    pre_tokenizer: maybe(hostilePreTokenizer, 0.6),
    model: hostileModel(random),
    added_tokens: times(added, (i) => ({
      id: 5000 + i,
      content: i === 0 ? "<s>!" : "a".repeat(pick(random, [i % 200, 250, i === 1 ? 90_000 : 1])) + i,
      special: random() < 0.5,
      normalized: random() < 0.5,
      lstrip: random() < 0.3,
      rstrip: random() < 0.3,
    })),
    decoder: maybe(
      () => ({
        type: "Sequence",
        decoders: chain(random, () => ({
          type: "Replace",
          pattern: patternOf(random),
          content: pick(random, ["a", "aa"]),
        })),
      }),
      0.4,
    ),
    post_processor: null,
  };
}

test("hostile tokenizers end, or are errors that say what is wrong", () => {
  const random = randomFor("tokenizers").uniform;
  const counts: Counts = { of: new Map(), longest: 0 };
  const all = attempts(3000, 20);
  for (let i = 0; i < all; i++) {
    const file = hostileTokenizer(random);
    const text = pick(random, texts);
    outcome(counts, { file, text: text.slice(0, 40) }, () => {
      const tokenizer = createTokenizer(file, {});
      const ids = tokenizer.encode(text);
      tokenizer.decode(ids.slice(0, 100));
      for (const id of ids.slice(0, 10)) tokenizer.bytesOf(id);
    });
  }
  console.log(summary("tokenizers", all, counts));
  for (const kind of ["ended", "limit"]) expect(counts.of.get(kind) ?? 0).toBeGreaterThan(all / 50);
});

// --------------------------------------------------------------------------------------------------------- templates

/** Templates that count, nest, grow or recurse without end, or are not complete. */
const costlyTemplates = [
  "{% for i in range(99999) %}{% for j in range(99999) %}{% for k in range(99999) %}{% endfor %}{% endfor %}{% endfor %}",
  "{% set r = range(99999) %}{% for i in r %}{% for j in r %}x{% endfor %}{% endfor %}",
  "{% set n = namespace(l=[1]) %}{% for i in range(99) %}{% set n.l = [n.l, n.l] %}{% endfor %}{{ n.l }}",
  "{% set n = namespace(l={}) %}{% for i in range(99) %}{% set n.l = {'a': n.l, 'b': n.l} %}{% endfor %}{{ n.l | tojson }}",
  "{% set n = namespace(l=[]) %}{% for i in range(9999) %}{% set n.l = [n.l] %}{% endfor %}{{ n.l | tojson(indent=4) }}",
  "{% set n = namespace(l=[1]) %}{% for i in range(99) %}{% set n.l = n.l + n.l %}{% endfor %}{{ n.l | sort | length }}",
  "{% set n = namespace(s='a') %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}{{ n.s }}",
  "{% set n = namespace(s='a') %}{% for i in range(20) %}{% set n.s = n.s + n.s %}{% endfor %}{{ n.s | replace('a', n.s) }}",
  "{% set n = namespace(s='a') %}{% for i in range(19) %}{% set n.s = n.s + n.s %}{% endfor %}{{ n.s.replace('a', n.s) | length }}",
  "{% set n = namespace(s='a\n') %}{% for i in range(18) %}{% set n.s = n.s + n.s %}{% endfor %}{{ n.s | indent(99999) }}",
  "{{ 'a\nb' | indent(999999999, true) }}{{ 'a' | indent(-1) }}",
  "{{ range(9999) | join('a' * 9) }}{{ range(99999) | join('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa') }}",
  "{{ messages | tojson(indent=99999999) }}",
  "{{ messages | tojson(**{'indent': 99999999}) }}",
  "{{ messages | tojson(separators=('a', messages)) }}",
  "{% macro m(x) %}{{ m(x) }}{% endmacro %}{{ m(1) }}",
  "{% macro m(x) %}{{ m(x + 1) }}{{ m(x + 1) }}{% endmacro %}{{ m(1) }}",
  "{% macro m() %}{{ caller() }}{{ caller() }}{% endmacro %}{% call m() %}{% call m() %}{% call m() %}x{% endcall %}{% endcall %}{% endcall %}",
  "{% set n = namespace() %}{% set n.n = n %}{{ n }}",
  "{% set n = namespace() %}{% set l = [n, n] %}{% set n.l = l %}{{ l | tojson }}",
  "{% set n = namespace(c=0) %}{% for i in range(99999) %}{% if messages == 'x' %}y{% endif %}{% for m in messages %}{{ m.content }}{% endfor %}{% endfor %}",
  "{{ messages[0].content[::1][::-1] | sort }}",
  "{{ [] | first }}{{ ([] | last).x }}{{ {}.get() }}",
  "{{ messages | selectattr() }}",
  "{{ messages | map(attribute=none) | list }}",
  "{{ 'a'.startswith() }}{{ 'a'.split(1, 2, 3) }}",
  "{{ none.x }}{{ nothing.x.y }}",
  "{% for a, b in [1, 2] %}{% endfor %}",
  "{{",
  "{% if",
  "{% for x in",
  "{% if true %}a",
  "{% macro f(",
  "{{ a(",
  "{{ [1, ",
  "{{ {'a': ",
  "{{ 'abc",
  "{% set x",
  "{# never closed",
  `{{ ${"(".repeat(5000)}1${")".repeat(5000)} }}`,
  `${"{% if true %}".repeat(3000)}${"{% endif %}".repeat(3000)}`,
  `${" ".repeat(100_000)}x`,
  `{{ ${"-".repeat(20_000)}1 }}`,
  "x".repeat(1_000_001),
  "{{ raise_exception('a' * 3) }}{{ raise_exception(messages) }}",
  "{% filter replace('a', 'aaaaaaaaaa') %}{{ messages[0].content }}{% endfilter %}",
  "{{ strftime_now('%A%B' * 9) }}{{ strftime_now(none) }}",
  "{{ 9 ** 9 ** 9 }}{{ 1 / 0 }}{{ 1 % 0 }}",
];

/** A template put together at random from statements that grow; one in five uses a value of another kind. */
function hostileTemplate(random: Random): string {
  let room = 0;
  type Kind = "text" | "list";
  const value = (kind: Kind): string => {
    if (random() < 0.01) return pick(random, ["none", "7", "{}", "nothing", "f(1)"]);
    if (room-- <= 0) return kind === "text" ? "n.s" : "n.l";
    const [text, list] = [() => value("text"), () => value("list")];
    if (kind === "text") {
      return pick<() => string>(random, [
        () => pick(random, ["n.s", "'aaaaaaaaaaaaaaaa'", "messages[0].content", "bos_token"]),
        () => `(${text()} ${pick(random, ["+", "~"])} ${text()})`,
        () => `(${text()} | ${pick(random, ["trim", "upper", "string", "indent(50)", `replace('a', ${text()})`])})`,
        () => `(${list()} | ${pick(random, ["tojson", "tojson(indent=4)", "string", "join(n.s)", `join(${text()})`])})`,
        () => `${text()}${pick(random, ["[1:]", "[::-1]", ".upper()", ".strip('a')", ".replace('a', n.s)"])}`,
        () => `(${text()} if ${list()} == ${list()} else ${text()})`,
      ])();
    }
    return pick<() => string>(random, [
      () => pick(random, ["n.l", "messages", "range(999)", "[]", "[1, 2]"]),
      () => `[${list()}, ${list()}, ${text()}]`,
      () => `(${list()} + ${list()})`,
      () => `(${list()} | ${pick(random, ["reverse", "list", "unique"])})`,
      () => `${text()}.split('a')`,
      () => `{'a': ${list()}, 'b': ${text()}}.items()`,
      () => `${list()}${pick(random, ["[1:]", "[::-1]"])}`,
    ])();
  };
  const set = () => (random() < 0.5 ? `{% set n.s = ${value("text")} %}` : `{% set n.l = ${value("list")} %}`);
  const statement = (depth: number): string => {
    room = 4;
    const body = () => (depth > 0 ? statement(depth - 1) + statement(depth - 1) : `{{ ${value("text")} }}`);
    return pick<() => string>(random, [
      () => `{% for i in ${pick(random, ["range(99999)", "messages", "n.l", value("list")])} %}${body()}{% endfor %}`,
      () => `{% for i in range(${pick(random, [3, 30, 300])}) %}${set()}{% endfor %}`,
      () => `{% if ${value("text")} %}${body()}{% else %}${body()}{% endif %}`,
      set,
      () => `{{ ${value("text")} }}`,
      () => `{% macro f(m) %}${body()}{% endmacro %}{{ f(1) }}`,
    ])();
  };
  const text = `{% set n = namespace(s='ab', l=[1]) %}${times(3, () => statement(2)).join("")}`;
  return random() < 0.1 ? text.slice(0, Math.floor(random() * text.length)) : text;
}

test("hostile templates end, or are errors that say what is wrong", () => {
  const random = randomFor("templates").uniform;
  const counts: Counts = { of: new Map(), longest: 0 };
  const messages = times(20, (i) => ({ role: i % 2 === 0 ? "user" : "assistant", content: "the whale ".repeat(20) }));
  const all = attempts(5000, 150);
  for (let i = 0; i < all; i++) {
    const source = costlyTemplates[i] ?? hostileTemplate(random);
    outcome(counts, source, () => {
      createChatTemplate({ tokenizerConfig: {}, chatTemplateJinja: source })?.render(messages);
    });
  }
  console.log(summary("templates", all, counts));
  for (const kind of ["ended", "limit", "refused"]) expect(counts.of.get(kind) ?? 0).toBeGreaterThan(all / 50);
});
