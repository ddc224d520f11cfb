import { listed, printed } from "../../formats/format-error.ts";
import {
  type Field,
  type FieldReader,
  flag,
  float,
  integer,
  optional,
  readFields,
  shown,
} from "../../formats/json/fields.ts";
import type { FileSource } from "../../formats/source.ts";
import type { Weights } from "../../formats/weights.ts";
import { readAnyArchitecture } from "../../models/decoders/architectures.ts";
import type { DecoderConfig } from "../../models/decoders/config.ts";
import type { Family } from "../../models/decoders/family.ts";
import { type Checkpoint, checkWeights, impliedNames } from "../../models/weights/checkpoint.ts";
import { type ChatTemplate, loadChatTemplate, parseChatTemplate } from "../../text/template/chat-template.ts";
import type { Tokenizer } from "../../text/tokenizer.ts";
import type { GenerationDefaults } from "../options.ts";
import { checkTokens, modelFiles } from "./model-files.ts";

/** A model's files, read and compared with one another, except the values of its weights. */
export interface ModelFolder {
  readonly config: DecoderConfig;
  readonly family: Family;
  readonly tokenizer: Tokenizer;
  readonly chatTemplate: ChatTemplate | undefined;
  readonly defaults: GenerationDefaults;
  readonly weights: Weights;
  readonly checkpoint: Checkpoint;
  /** Entries of the files without effect, each with file and field. */
  readonly warnings: readonly string[];
  /** The storage of most weights as a GGUF file states it, e.g. `Q4_K_M`. */
  readonly quantisation: string | undefined;
}

/** The weights of an unsharded model. Other readers prefer it to an index. */
const single = "model.safetensors";

/**
 * Reads and checks a Hugging Face folder or a GGUF file, without a device: of a folder `config.json`,
 * `generation_config.json`, the tokenizer with its config and chat template, or the one given, and the names, types and
 * shapes of the weights.
 *
 * @throws FormatError or TextError, with file and field, for a file that is missing or invalid, and for files that
 * contradict each other.
 */
export async function readModelFolder(
  source: FileSource,
  { chatTemplate: given }: { readonly chatTemplate?: string | undefined } = {},
): Promise<ModelFolder> {
  const warnings: string[] = [];
  const warn = (warning: string) => void warnings.push(printed(warning));
  const files = await modelFiles(source);
  const { origin } = files;
  const rawConfig = await files.config();
  const { family, config } = await readAnyArchitecture(rawConfig, origin);
  const generation = await files.generation();
  const tokenizer = await files.tokenizer();
  const tokenizerConfig = await files.tokenizerConfig();
  const { vocabulary } = config;
  checkTokens(files, tokenizer, vocabulary);
  const defaults = readDefaults({ config: rawConfig, generation, tokenizerEos: tokenizer.eos, vocabulary }, warn);
  const chatTemplate =
    given === undefined
      ? await loadChatTemplate({ tokenizerConfig, chatTemplateJinja: await files.chatTemplate() })
      : await parseChatTemplate({ tokenizerConfig, chatTemplateJinja: given });
  const weights = await files.weights(family.transposed ?? false, (has) => impliedNames(family, config, has));
  const checkpoint = checkWeights(weights, family, config, origin);
  const read = new Set([...weights.tensors.values()].map(({ file }) => file));
  if (source.gguf === undefined && !read.has(single) && (await source.has(single))) {
    warn(`${single}: is not read: ${weights.file} names other files`);
  }
  if (checkpoint.unread.length > 0) warn(`${weights.file}: nothing reads ${listed(checkpoint.unread)}`);
  for (const warning of files.warnings) warn(warning);
  const { quantisation } = files;
  return { config, family, tokenizer, chatTemplate, defaults, weights, checkpoint, warnings, quantisation };
}

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

/** Settings that change the text and are not supported by `generate`, with their neutral values. */
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
 * Settings of a search, and their options. Searching without being asked would delay the text, and refuse other options
 * of the caller: stop texts, log-probabilities, constraints.
 */
const ofSearches: Readonly<Record<string, string>> = {
  num_beams: "beams (--beams)",
  length_penalty: "lengthPenalty (--length-penalty)",
};

/** One token id, or a list of them. A negative id means none. */
const tokenIds: Field<number | readonly number[]> = {
  problem: (value) => {
    const ids: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (ids.every((id) => Number.isSafeInteger(id))) return undefined;
    return `is ${shown(value)}, expected the id of a token, or a list of ids`;
  },
};

/** The end-of-text ids of a file; ids outside the vocabulary are left out with a warning. */
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

/** The input of {@link readDefaults}. */
interface DefaultsSources {
  /** The parsed `config.json`. */
  readonly config: unknown;
  /** The parsed `generation_config.json`; without one, an empty object. */
  readonly generation: unknown;
  /** The end-of-text id of the tokenizer. */
  readonly tokenizerEos: number | undefined;
  readonly vocabulary: number;
}

/**
 * A model's default options and end-of-text ids: from `generation_config.json`, else from `config.json` and the
 * tokenizer. Throws `FormatError`, with file and field, for an invalid value; warns about ignored ones.
 */
function readDefaults(
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
