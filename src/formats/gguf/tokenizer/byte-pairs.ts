import { list, optional, text } from "../../fields.ts";
import { shortened } from "../../format-error.ts";
import { prePatterns, unnamedPattern } from "./pre-patterns.ts";
import { type TokenizerKind, type Tokens, vocabularyOf } from "./tokens.ts";

/** Pairs of tokens, each written with a space between, of which the first may begin with one. */
function pairsOf({ reader }: Tokens, vocabulary: Readonly<Record<string, number>>): [string, string][] {
  const key = "tokenizer.ggml.merges";
  const merges = reader.field(key, list(text, "pairs of tokens"));
  return merges.map((merge, i) => {
    const space = merge.indexOf(" ", 1);
    const pair: [string, string] = [merge.slice(0, space), merge.slice(space + 1)];
    const [left, right] = pair;
    const missing = [left, right, left + right].find((token) => !Object.hasOwn(vocabulary, token));
    if (space < 0 || missing !== undefined) {
      const why = space < 0 ? "expected two tokens" : `but there is no token ${shortened(missing ?? "", 40)}`;
      reader.fail(`${key}[${i}]`, `is ${shortened(merge, 80)}, ${why}`);
    }
    return pair;
  });
}

/** The kind `gpt2`: bytes as characters, of which pairs are merged in the order of a list. */
export function bytePairs(tokens: Tokens): TokenizerKind {
  const { reader } = tokens;
  const vocab = vocabularyOf(tokens);
  const name = reader.field("tokenizer.ggml.pre", optional(text));
  const known = name === undefined || name === "default" ? unnamedPattern : prePatterns.get(name);
  const {
    patterns,
    whole = false,
    begins = false,
    normalized,
  } = known ??
  reader.fail("tokenizer.ggml.pre", `is ${shortened(name ?? "", 40)}, known are ${[...prePatterns.keys()].join(", ")}`);
  const split = (pattern: string) => ({
    type: "Split",
    pattern: { Regex: pattern },
    behavior: "Isolated",
    invert: false,
  });
  const unnamed =
    known === unnamedPattern
      ? [`${reader.file}: tokenizer.ggml.pre names no way to cut texts, so that tokens may differ from the model's own`]
      : [];
  return {
    normalizer: normalized ? { type: normalized } : null,
    preTokenizer: {
      type: "Sequence",
      pretokenizers: [...patterns.map(split), { type: "ByteLevel", add_prefix_space: false, use_regex: false }],
    },
    decoder: { type: "ByteLevel" },
    model: { type: "BPE", vocab, merges: pairsOf(tokens, vocab), ignore_merges: whole },
    bos: 11,
    eos: 11,
    addsBos: begins,
    warnings: unnamed,
  };
}
