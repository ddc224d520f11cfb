import { type Field, type FieldReader, flag, float, integer, optional, readFields, shown } from "../formats/fields.ts";
import { listed } from "../formats/format-error.ts";
import type { GenerationDefaults } from "./options.ts";

const file = "generation_config.json";

const fields = {
  do_sample: optional(flag, false),
  max_new_tokens: optional(integer(1)),
  temperature: optional(float(0, 1000)),
  top_k: optional(integer(0, 1 << 24)),
  top_p: optional(float(0, 1)),
  min_p: optional(float(0, 1)),
  repetition_penalty: optional(float(1e-3, 1000)),
  no_repeat_ngram_size: optional(integer(0, 1 << 24)),
};

/** Settings that change the text and that `generate` does not have, with the values that change nothing. */
const withoutEffect: Readonly<Record<string, readonly unknown[]>> = {
  num_beams: [1],
  num_beam_groups: [1],
  penalty_alpha: [0],
  typical_p: [1],
  epsilon_cutoff: [0],
  eta_cutoff: [0],
  top_h: [],
  diversity_penalty: [0],
  encoder_repetition_penalty: [1],
  length_penalty: [1],
  min_length: [0],
  min_new_tokens: [0],
  bad_words_ids: [],
  force_words_ids: [],
  forced_bos_token_id: [],
  forced_eos_token_id: [],
  suppress_tokens: [],
  begin_suppress_tokens: [],
  sequence_bias: [],
  guidance_scale: [1],
  stop_strings: [],
  watermarking_config: [],
};

/**
 * Settings of a search, and the options that have them. A search that the call does not ask for would hold the text back, and refuse
 * what else a caller gives: texts that end it, log-probabilities, constraints.
 */
const ofSearches: Readonly<Record<string, string>> = {
  num_beams: "beams (--beams)",
  length_penalty: "lengthPenalty (--length-penalty)",
};

/** One id of a token, or a list of them. A negative id is that of no token. */
const tokenIds: Field<number | readonly number[]> = {
  problem: (value) => {
    const ids: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (ids.every((id) => Number.isSafeInteger(id))) return undefined;
    return `is ${shown(value)}, expected the id of a token, or a list of ids`;
  },
};

/** The end-of-text ids that a file names, without those that the vocabulary does not have: they are warnings. */
function endings(
  config: FieldReader,
  vocabulary: number,
  warn: (warning: string) => void,
): readonly number[] | undefined {
  const ids = (name: string) => config.field(name, optional(tokenIds));
  const named = Object.fromEntries(["bos_token_id", "eos_token_id", "pad_token_id"].map((name) => [name, ids(name)]));
  for (const [name, value = []] of Object.entries(named)) {
    const outside = [value].flat().filter((id) => id < 0 || id >= vocabulary);
    if (outside.length > 0)
      warn(`${config.file}: ${name} is ${listed(outside.map(String))}, which none of ${vocabulary} tokens has`);
  }
  const end = [named["eos_token_id"] ?? []].flat();
  const known = end.filter((id) => id >= 0 && id < vocabulary);
  return known.length > 0 ? known : undefined;
}

/** What {@link readDefaults} reads. */
export interface DefaultsSources {
  /** The parsed `config.json`. */
  readonly config: unknown;
  /** The parsed `generation_config.json`; without one, an empty object. */
  readonly generation: unknown;
  /** The end-of-text id of the tokenizer. */
  readonly tokenizerEos: number | undefined;
  readonly vocabulary: number;
}

/**
 * A model's default options and end-of-text ids: those of `generation_config.json`, else of `config.json` and of the
 * tokenizer. Throws `FormatError`, with file and field, for a value that is not valid; what is ignored is a warning.
 */
export function readDefaults(
  { config, generation, tokenizerEos, vocabulary }: DefaultsSources,
  warn: (warning: string) => void,
): GenerationDefaults {
  const own = endings(readFields("config.json", config), vocabulary, warn) ?? [];
  const reader = readFields(file, generation);
  const eos = endings(reader, vocabulary, warn) ?? [...own, ...(tokenizerEos === undefined ? [] : [tokenizerEos])];
  const given = reader.read(fields);
  for (const [name, harmless] of Object.entries(withoutEffect)) {
    const value = (Object.hasOwn(reader.raw, name) ? reader.raw[name] : null) ?? null;
    const isNone = value === null || harmless.includes(value) || (Array.isArray(value) && value.length === 0);
    if (isNone) continue;
    const option = ofSearches[name];
    const why = option ? `has no effect without the option ${option}` : "is not supported and has no effect";
    warn(`${file}: ${name} is ${shown(value)}, which ${why}`);
  }
  const sampled = given.do_sample;
  return {
    eos: [...new Set(eos)],
    options: {
      maxTokens: given.max_new_tokens,
      temperature: sampled ? (given.temperature ?? 1) : 0,
      topK: sampled ? given.top_k : undefined,
      topP: sampled ? given.top_p : undefined,
      minP: sampled ? given.min_p : undefined,
      repetitionPenalty: given.repetition_penalty,
      noRepeatNgram: given.no_repeat_ngram_size,
    },
  };
}
