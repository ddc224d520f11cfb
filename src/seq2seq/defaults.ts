import { type Field, flag, float, integer, optional, readFields, shown } from "../formats/json/fields.ts";
import type { EncoderDecoderConfig } from "../models/seq2seq/config.ts";
import type { SequenceOptions } from "./options.ts";

/** A folder's settings for generation. */
export interface SequenceDefaults {
  readonly options: SequenceOptions;
  /** The token that every row begins with. */
  readonly start: number;
  /** Tokens that end a text. */
  readonly eos: readonly number[];
  /** Tokens that are always banned. */
  readonly forbidden: readonly number[];
  /** The forced first token, and the forced last one at maximum length, if any. */
  readonly forcedFirst?: number | undefined;
  readonly forcedLast?: number | undefined;
  /** True: in a search allowed tokens share the probability of banned ones. */
  readonly renormalise: boolean;
}

const file = "generation_config.json";

const isId = (value: unknown): value is number => Number.isSafeInteger(value);

/** A token id, or a list of them, whose first one counts. */
const ids: Field<number | readonly number[]> = {
  problem: (value) => {
    const all: readonly unknown[] = Array.isArray(value) ? value : [value];
    return all.every(isId) ? undefined : `is ${shown(value)}, expected the id of a token, or a list of ids`;
  },
};

/** Lists of ids. */
const texts: Field<readonly (readonly number[])[]> = {
  problem: (value) => {
    const isText = (one: unknown) => Array.isArray(one) && one.every(isId);
    return Array.isArray(value) && value.every(isText) ? undefined : `is ${shown(value)}, expected lists of token ids`;
  },
};

/** When a search stops. */
const stopping: Field<boolean | "never"> = {
  problem: (value) =>
    typeof value === "boolean" || value === "never" ? undefined : `is ${shown(value)}, expected true, false or "never"`,
};

const fields = {
  do_sample: optional(flag, false),
  max_new_tokens: optional(integer(1)),
  max_length: optional(integer(1)),
  temperature: optional(float(0, 1000)),
  top_k: optional(integer(0, 1 << 24)),
  top_p: optional(float(0, 1)),
  repetition_penalty: optional(float(1e-3, 1000)),
  no_repeat_ngram_size: optional(integer(0, 1 << 16)),
  num_beams: optional(integer(1, 64)),
  length_penalty: optional(float(-100, 100)),
  early_stopping: optional(stopping),
  renormalize_logits: optional(flag, false),
  decoder_start_token_id: optional(ids),
  eos_token_id: optional(ids),
  forced_bos_token_id: optional(ids),
  forced_eos_token_id: optional(ids),
  bad_words_ids: optional(texts, []),
  suppress_tokens: optional(ids, []),
};

/** Settings that change the text and are not supported by `generate`, with their neutral values. */
const withoutEffect: Readonly<Record<string, readonly unknown[]>> = {
  num_beam_groups: [1],
  min_p: [0],
  penalty_alpha: [0],
  typical_p: [1],
  epsilon_cutoff: [0],
  eta_cutoff: [0],
  diversity_penalty: [0],
  encoder_repetition_penalty: [1],
  encoder_no_repeat_ngram_size: [0],
  min_length: [0],
  min_new_tokens: [0],
  force_words_ids: [],
  begin_suppress_tokens: [],
  sequence_bias: [],
  guidance_scale: [1],
};

/**
 * Reads `generation_config.json` or, without it (an empty object), `config.json`, as transformers does. Throws
 * `FormatError`, with file and field; warns about settings without effect.
 */
export function readSequenceDefaults(
  config: EncoderDecoderConfig,
  files: { readonly config: unknown; readonly generation: unknown },
  tokenizer: { readonly size: number; readonly eos?: number },
  warn: (warning: string) => void,
): SequenceDefaults {
  const isOwn = Object.keys(files.generation ?? {}).length > 0;
  const reader = isOwn ? readFields(file, files.generation) : readFields("config.json", files.config);
  const given = reader.read(fields);
  const known = (name: string, value: number | readonly number[] | undefined): readonly number[] => {
    const all = value === undefined ? [] : [value].flat();
    const wrong = all.find((id) => id >= config.vocabulary);
    if (wrong !== undefined) reader.fail(name, `is ${wrong}, but there are ${config.vocabulary} tokens`);
    return all.filter((id) => id >= 0);
  };
  const [start = config.start] = known("decoder_start_token_id", given.decoder_start_token_id);
  if (start === undefined) return reader.fail("decoder_start_token_id", "is missing: the decoder has no first token");
  const ends = known("eos_token_id", given.eos_token_id);
  const eos = ends.length > 0 ? ends : [config.end ?? tokenizer.eos].filter((id) => id !== undefined);
  const [forcedFirst = isOwn ? undefined : config.forcedFirst] = known(
    "forced_bos_token_id",
    given.forced_bos_token_id,
  );
  const [forcedLast = isOwn ? undefined : config.forcedLast] = known("forced_eos_token_id", given.forced_eos_token_id);
  for (const text of given.bad_words_ids) {
    if (text.length !== 1)
      warn(`${reader.file}: bad_words_ids has a text of ${text.length} tokens, which has no effect`);
  }
  for (const [name, harmless] of Object.entries(withoutEffect)) {
    const value = (Object.hasOwn(reader.raw, name) ? reader.raw[name] : null) ?? null;
    const isNone = value === null || harmless.includes(value) || (Array.isArray(value) && value.length === 0);
    if (!isNone) warn(`${reader.file}: ${name} is ${shown(value)}, which is not supported and has no effect`);
  }
  const bad = given.bad_words_ids.flatMap((text) => (text.length === 1 ? text : []));
  // Rows of the embedding beyond the tokenizer's tokens.
  const surplus = Array.from({ length: Math.max(0, config.vocabulary - tokenizer.size) }, (_, i) => tokenizer.size + i);
  const sampled = given.do_sample;
  const { max_new_tokens, max_length } = given;
  return {
    start,
    eos,
    forbidden: [
      ...new Set([...known("bad_words_ids", bad), ...known("suppress_tokens", given.suppress_tokens), ...surplus]),
    ],
    forcedFirst,
    forcedLast,
    renormalise: given.renormalize_logits,
    options: {
      // `max_length` counts the first token.
      maxTokens: max_new_tokens ?? (max_length === undefined || max_length < 2 ? undefined : max_length - 1),
      temperature: sampled ? (given.temperature ?? 1) : 0,
      topK: sampled ? (given.top_k ?? 50) : undefined,
      topP: sampled ? given.top_p : undefined,
      repetitionPenalty: given.repetition_penalty,
      noRepeatNgram: given.no_repeat_ngram_size,
      beams: given.num_beams,
      lengthPenalty: given.length_penalty,
      earlyStopping: given.early_stopping,
    },
  };
}
