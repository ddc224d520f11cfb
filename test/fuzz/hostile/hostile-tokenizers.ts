import { pick, type Random, times } from "./choices.ts";

type Json = Record<string, unknown>;

/** An expression of a few letters, one in eight with a reference to its first group. */
export function expressionWithReferences(random: Random): string {
  const rest = expression(random, 3);
  if (random() > 0.125) return rest;
  const forms = [
    `(a|bc?)${rest}\\1`,
    `(?:([ab]+|c)c?\\1)*${rest}`,
    `(?<x>a|b?)+?${rest}\\k<x>`,
    `(?:\\1c?|(b|a*))+${rest}`,
  ];
  return pick(random, forms);
}

/** An expression of a few letters with every kind of term, nested `depth` deep. */
export function expression(random: Random, depth: number): string {
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

/** Texts on which hostile tokenizers take long. */
export const hostileTexts = [
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
    { type: "WordLevel", vocab, unk_token: "<unk>" },
    { type: "WordPiece", vocab, unk_token: "<unk>", continuing_subword_prefix: "", max_input_chars_per_word: 0xffffff },
  ]);
}

/** A tokenizer.json whose patterns, steps or vocabulary take long on some text. */
export function hostileTokenizer(random: Random): Json {
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
