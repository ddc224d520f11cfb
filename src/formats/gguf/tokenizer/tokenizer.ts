import { listed, shortened } from "../../format-error.ts";
import { type FieldReader, flag, float, integer, list, optional, text } from "../../json/fields.ts";
import { prePatterns, unnamedPattern } from "./pre-patterns.ts";
import { sentencePieces } from "./sentence-pieces.ts";
import { type TokenizerKind, type Tokens, tokenKinds, vocabularyOf } from "./tokens.ts";

/** The tokenizer in a GGUF file's metadata, as Hugging Face's files. */
interface TokenizerFiles {
  /** A parsed `tokenizer.json`. */
  readonly tokenizer: Readonly<Record<string, unknown>>;
  /** A parsed `tokenizer_config.json`, with the chat template. */
  readonly config: Readonly<Record<string, unknown>>;
  /** A parsed `generation_config.json`: the tokens that end a text. */
  readonly generation: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
}

const kinds: Readonly<Record<string, (tokens: Tokens) => TokenizerKind>> = {
  llama: sentencePieces,
  gpt2: bytePairs,
};

/** Maximum number of tokens: real vocabularies have fewer than 2^19. */
const maxTokens = 1 << 22;

/** Texts of tokens that end an answer, regardless of the metadata. */
const endings = new Set([
  "<|eot_id|>",
  "<|im_end|>",
  "<|end|>",
  "<|return|>",
  "<|call|>",
  "<|flush|>",
  "<|calls|>",
  "<end_of_turn>",
  "<|endoftext|>",
  "</s>",
  "<|eom_id|>",
  "<EOT>",
  "_<EOT>",
  "<|end_of_text|>",
  "<end_of_utterance>",
  "<｜end▁of▁sentence｜>",
]);

function readTokens(reader: FieldReader): Tokens {
  const texts = reader.field("tokenizer.ggml.tokens", list(text, "texts"));
  if (texts.length === 0 || texts.length > maxTokens) {
    reader.fail("tokenizer.ggml.tokens", `has ${texts.length} entries, expected 1 to ${maxTokens}`);
  }
  const sameLength = <T>(key: string, values: readonly T[]): readonly T[] => {
    if (values.length === 0 || values.length === texts.length) return values;
    return reader.fail(key, `has ${values.length} entries for ${texts.length} tokens`);
  };
  const types = reader.field("tokenizer.ggml.token_type", optional(list(integer(0, 255), "kinds"), []));
  const scores = reader.field("tokenizer.ggml.scores", optional(list(float(), "numbers"), []));
  const kindsOf = sameLength("tokenizer.ggml.token_type", types);
  return {
    reader,
    texts,
    kinds: kindsOf.length > 0 ? kindsOf : new Array<number>(texts.length).fill(tokenKinds.normal),
    scores: sameLength("tokenizer.ggml.scores", scores),
  };
}

/** Longest token searched for in texts. */
const longestAdded = 256;

/** Tokens matched before a text is split: control tokens, and user-defined ones. */
function addedTokens({ texts, kinds: types }: Tokens, vocabulary: Readonly<Record<string, number>>) {
  const special = new Set<number>([tokenKinds.control, tokenKinds.unknown]);
  const added = [];
  for (const [id, content] of texts.entries()) {
    const kind = types[id] ?? tokenKinds.normal;
    const isAdded = special.has(kind) || kind === tokenKinds.userDefined;
    if (!isAdded || content === "" || content.length > longestAdded || vocabulary[content] !== id) continue;
    added.push({ id, content, special: special.has(kind), normalized: false });
  }
  return added;
}

/** Tokens that end a text: those named in the metadata, and those recognised by their text. */
function endsOf({ texts, kinds: types, reader }: Tokens, eos: number | undefined): number[] {
  const id = optional(integer(0, texts.length - 1));
  const named = ["eot", "eom"].map((name) => reader.field(`tokenizer.ggml.${name}_token_id`, id));
  const bySight = texts.flatMap((token, i) => (endings.has(token) && types[i] !== tokenKinds.normal ? [i] : []));
  const all = new Set([eos, ...named, ...bySight].filter((end) => end !== undefined));
  // In gpt-oss it ends a channel's message, not the answer.
  const isOf = (content: string) => [...all].some((end) => texts[end] === content);
  if (isOf("<|return|>") && isOf("<|call|>")) for (const end of all) if (texts[end] === "<|end|>") all.delete(end);
  return [...all];
}

/** The chat templates in the metadata, as in `tokenizer_config.json`. */
function templatesOf(reader: FieldReader): Record<string, unknown> {
  const one = reader.field("tokenizer.chat_template", optional(text));
  const names = reader.field("tokenizer.chat_templates", optional(list(text, "names"), []));
  const others = names.map((name) => ({ name, template: reader.field(`tokenizer.chat_template.${name}`, text) }));
  if (others.length === 0) return one === undefined ? {} : { chat_template: one };
  const standard = one === undefined ? [] : [{ name: "default", template: one }];
  return { chat_template: [...standard, ...others.filter(({ name }) => name !== "default" || one === undefined)] };
}

/**
 * The tokenizer that the metadata of a GGUF file describes, as the files of a Hugging Face folder.
 *
 * @throws FormatError naming the file and the key that is missing or invalid, or a kind that is not supported.
 */
export function readTokenizer(reader: FieldReader): TokenizerFiles {
  const name = reader.field("tokenizer.ggml.model", text);
  const read = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (!read) return reader.fail("tokenizer.ggml.model", `is ${name}, known are ${listed(Object.keys(kinds))}`);
  const tokens = readTokens(reader);
  const kind = read(tokens);
  const idField = (fallback: number | undefined) => optional(integer(0, tokens.texts.length - 1), fallback as number);
  const id = (which: string, fallback: number | undefined): number | undefined =>
    reader.field(`tokenizer.ggml.${which}_token_id`, idField(fallback));
  const known = (value: number | undefined) => (value !== undefined && value < tokens.texts.length ? value : undefined);
  const [bos, eos] = [known(id("bos", kind.bos)), known(id("eos", kind.eos))];
  const adds = (which: string, fallback: boolean) =>
    reader.field(`tokenizer.ggml.add_${which}_token`, optional(flag, fallback));
  const textOf = (field: string, value: number | undefined) =>
    value === undefined || !tokens.texts[value] ? {} : { [field]: tokens.texts[value] };
  const vocabulary = kind.model["vocab"] as Readonly<Record<string, number>>;
  return {
    tokenizer: {
      version: "1.0",
      added_tokens: addedTokens(tokens, vocabulary),
      normalizer: kind.normalizer,
      pre_tokenizer: kind.preTokenizer,
      post_processor: null,
      decoder: kind.decoder,
      model: kind.model,
    },
    config: {
      ...textOf("bos_token", bos),
      ...textOf("eos_token", eos),
      ...textOf("unk_token", id("unknown", undefined)),
      ...textOf("pad_token", id("padding", undefined)),
      add_bos_token: bos !== undefined && adds("bos", kind.addsBos),
      add_eos_token: eos !== undefined && adds("eos", false),
      ...templatesOf(reader),
    },
    generation: { eos_token_id: endsOf(tokens, eos) },
    warnings: kind.warnings,
  };
}

/** Pairs of tokens separated by a space; the first token may begin with one. */
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

/** The kind `gpt2`: bytes as characters, whose pairs are merged in the order of a list. */
function bytePairs(tokens: Tokens): TokenizerKind {
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
