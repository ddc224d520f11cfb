import {
  type Check,
  checkOptions,
  checkValue,
  fieldsOf,
  having,
  integer,
  listOf,
  nonEmpty,
  oneOf,
  required,
} from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import { byteLevelText } from "../../text/parts/byte-level.ts";
import { learnMerges } from "./learn-merges.ts";

/** Options for training a tokenizer. */
export interface TokenizerTraining {
  /** Number of tokens, special ones and the 256 of bytes included. */
  readonly vocabulary: number;
  /**
   * The kind of model; default `decoder`. For an `encoder`, texts begin with `[CLS]` and end with `[SEP]`, which also
   * separates pairs, and `[MASK]` includes the spaces before it, as RoBERTa's mask does.
   */
  readonly kind?: "decoder" | "encoder" | undefined;
  /**
   * Tokens that are matched as they are anywhere in a text; they get the first ids. Default `<|endoftext|>`; for an
   * encoder `[PAD]`, `[CLS]`, `[SEP]` and `[MASK]`, which further ones follow.
   */
  readonly special?: readonly string[] | undefined;
  /** The special token put before each text; default none. */
  readonly bos?: string | undefined;
  /** The special token that ends a text; default the last of `special` if there is no `bos`. */
  readonly eos?: string | undefined;
}

/** The parsed files of a tokenizer, for `createTokenizer`. */
export interface TrainedTokenizer {
  /** `tokenizer.json` */
  readonly tokenizer: Readonly<Record<string, unknown>>;
  /** `tokenizer_config.json` */
  readonly config: Readonly<Record<string, unknown>>;
}

const fields = fieldsOf<TokenizerTraining>({
  vocabulary: required(integer(1, 2 ** 24)),
  kind: oneOf("decoder", "encoder"),
  special: listOf(nonEmpty),
  bos: nonEmpty,
  eos: nonEmpty,
});
const textsCheck = having(Symbol.iterator, "a list of texts, or another iterable of them");

const encoderMarks = ["[PAD]", "[CLS]", "[SEP]", "[MASK]"] as const;
const [pad, cls, sep, mask] = encoderMarks;

/** The characters of all bytes, in the order of the characters. */
const alphabet = Array.from(byteLevelText(Uint8Array.from({ length: 256 }, (_, byte) => byte))).sort();

/**
 * Trains a byte-level BPE tokenizer on texts (Sennrich, Haddow and Birch 2015; bytes after Radford et al. 2019, section
 * 2.2). Its merges are those of huggingface/tokenizers on the same texts, in the same order. A text too short for the
 * vocabulary gives a smaller one.
 *
 * @throws OptionError for a vocabulary without room for bytes and special tokens, and for texts without a word.
 */
export function trainTokenizer(texts: Iterable<string>, options: TokenizerTraining): TrainedTokenizer {
  checkValue("trainTokenizer", "texts", textsCheck, texts);
  checkOptions("trainTokenizer", fields, options);
  const fail = (problem: string): never => {
    throw new OptionError(`trainTokenizer: ${problem}`);
  };
  const { vocabulary, kind = "decoder", bos } = options;
  const isEncoder = kind === "encoder";
  const special = isEncoder ? [...encoderMarks, ...(options.special ?? [])] : (options.special ?? ["<|endoftext|>"]);
  const { eos = bos === undefined && !isEncoder ? special.at(-1) : undefined } = options;
  const least = special.length + alphabet.length;
  if (vocabulary < least) {
    fail(`vocabulary is ${vocabulary}, expected at least ${least}: 256 bytes and ${special.length} more`);
  }
  for (const [name, token] of Object.entries({ bos, eos })) {
    if (token !== undefined && !special.includes(token)) fail(`${name} is ${token}, expected one of special`);
  }
  const counts = countWords(texts);
  if (counts.size === 0) fail("texts have no word to train a tokenizer on");
  const { tokens, merges } = learnMerges(counts, { alphabet, size: vocabulary - special.length });
  const twice = special.find((token, i) => tokens.includes(token) || special.indexOf(token) < i);
  if (twice !== undefined) fail(`special has ${twice}, which is a token already`);
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  const { before, after } = isEncoder
    ? { before: [cls], after: [sep] }
    : { before: bos === undefined ? [] : [bos], after: [] };
  const around = [...before, ...after];
  const mark = (type_id: number) => (id: string) => ({ SpecialToken: { id, type_id } });
  const single = [...before.map(mark(0)), { Sequence: { id: "A", type_id: 0 } }, ...after.map(mark(0))];
  const template = {
    type: "TemplateProcessing",
    single,
    pair: [...single, { Sequence: { id: "B", type_id: 1 } }, ...after.map(mark(1))],
    special_tokens: Object.fromEntries(
      around.map((token) => [token, { id: token, ids: [special.indexOf(token)], tokens: [token] }]),
    ),
  };
  return {
    tokenizer: {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: special.map((content, id) => ({ id, content, ...flags, lstrip: isEncoder && content === mask })),
      normalizer: null,
      pre_tokenizer: byteLevel,
      post_processor: around.length === 0 ? { ...byteLevel, trim_offsets: false } : template,
      decoder: byteLevel,
      model: {
        type: "BPE",
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: false,
        vocab: Object.fromEntries([...special, ...tokens].map((token, id) => [token, id])),
        merges,
      },
    },
    config: {
      tokenizer_class: "PreTrainedTokenizerFast",
      ...(bos === undefined ? {} : { bos_token: bos, add_bos_token: true }),
      ...(eos === undefined ? {} : { eos_token: eos }),
      ...(isEncoder ? { pad_token: pad, cls_token: cls, sep_token: sep, mask_token: mask } : {}),
      clean_up_tokenization_spaces: false,
    },
  };
}

/** Unicode's white space; JavaScript's `\s` differs in U+FEFF, which it has, and U+0085, which it lacks. */
const space = String.raw`\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;

/** How GPT-2 splits a text into words (Radford et al. 2019, and its released code). */
const words = new RegExp(
  String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^${space}\p{L}\p{N}]+|[${space}]+(?![^${space}])|[${space}]+`,
  "gu",
);

const each: Check = (text) => (typeof text === "string" ? undefined : "a list of texts");

/** Lines with their ends: huggingface/tokenizers reads texts for training line by line, so no word crosses a line. */
const lines = /[^\n]*\n|[^\n]+/g;

/**
 * How often each word of texts occurs, as byte-level tokenizers write words (a space is `Ġ`). GPT-2's pattern splits
 * each line separately, as huggingface/tokenizers counts them when it trains on files.
 */
function countWords(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) {
    checkValue("trainTokenizer", "texts", each, text);
    for (const [line] of text.toWellFormed().matchAll(lines)) {
      for (const word of line.match(words) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  const bytes = new TextEncoder();
  return new Map([...counts].map(([word, count]) => [byteLevelText(bytes.encode(word)), count]));
}
