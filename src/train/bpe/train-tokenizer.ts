import {
  checkOptions,
  checkValue,
  fieldsOf,
  having,
  integer,
  listOf,
  nonEmpty,
  required,
} from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import { byteLevelText } from "../../text/byte-level.ts";
import { countWords } from "./count-words.ts";
import { learnMerges } from "./learn-merges.ts";

/** What a tokenizer is trained for. */
export interface TokenizerTraining {
  /** Number of tokens, special ones and the 256 of bytes included. */
  readonly vocabulary: number;
  /** Tokens that stand for themselves wherever a text has them; they get the first ids. Default `<|endoftext|>`. */
  readonly special?: readonly string[] | undefined;
  /** The special token put before each text; default none. */
  readonly bos?: string | undefined;
  /** The special token that ends a text; default the last of `special` where there is no `bos`. */
  readonly eos?: string | undefined;
}

/** The parsed files of a tokenizer, of which `createTokenizer` makes one. */
export interface TrainedTokenizer {
  /** `tokenizer.json` */
  readonly tokenizer: Readonly<Record<string, unknown>>;
  /** `tokenizer_config.json` */
  readonly config: Readonly<Record<string, unknown>>;
}

const fields = fieldsOf<TokenizerTraining>({
  vocabulary: required(integer(1, 2 ** 24)),
  special: listOf(nonEmpty),
  bos: nonEmpty,
  eos: nonEmpty,
});
const textsCheck = having(Symbol.iterator, "a list of texts, or another iterable of them");

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
  const {
    vocabulary,
    special = ["<|endoftext|>"],
    bos,
    eos = bos === undefined ? special.at(-1) : undefined,
  } = options;
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
  const single = [
    ...(bos === undefined ? [] : [{ SpecialToken: { id: bos, type_id: 0 } }]),
    { Sequence: { id: "A", type_id: 0 } },
  ];
  const template = {
    type: "TemplateProcessing",
    single,
    pair: [...single, { Sequence: { id: "B", type_id: 1 } }],
    special_tokens: bos === undefined ? {} : { [bos]: { id: bos, ids: [special.indexOf(bos)], tokens: [bos] } },
  };
  return {
    tokenizer: {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: special.map((content, id) => ({ id, content, ...flags })),
      normalizer: null,
      pre_tokenizer: byteLevel,
      post_processor: bos === undefined ? { ...byteLevel, trim_offsets: false } : template,
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
      clean_up_tokenization_spaces: false,
    },
  };
}
