import { FormatError } from "../../formats/format-error.ts";
import { readFields } from "../../formats/json/fields.ts";
import type { QuantisedWeights } from "../../formats/quantised/entry.ts";
import { quantisationMethod } from "../../formats/quantised/methods.ts";
import { readJson, readText } from "../../formats/read-text.ts";
import type { FileSource } from "../../formats/source.ts";
import { openWeights, type Weights } from "../../formats/weights.ts";
import { type ConfigOrigin, configJson } from "../../models/decoders/config.ts";
import { loadTokenizer, type Tokenizer } from "../../text/tokenizer.ts";

/** The names of a model's tensors, for a checkpoint whose tensors `has` reports. */
type Implied = (has: (name: string) => boolean) => ReadonlySet<string>;

/** The contents of a model's files, read on demand and not yet compared with each other. */
export interface ModelFiles {
  /** Where the config comes from, for messages. */
  readonly origin: ConfigOrigin;
  /** Where the tokens come from, for messages. */
  readonly tokens: { readonly file: string; readonly field: string };
  /** A parsed `config.json`. */
  config(): Promise<unknown>;
  /** A parsed `generation_config.json`; an empty object without one. */
  generation(): Promise<unknown>;
  /** A parsed `tokenizer_config.json`; an empty object without one. */
  tokenizerConfig(): Promise<Readonly<Record<string, unknown>>>;
  tokenizer(): Promise<Tokenizer>;
  /** The text of a chat template in a separate file. */
  chatTemplate(): Promise<string | undefined>;
  hasChatTemplate(): Promise<boolean>;
  /**
   * `transposed`: whether the family's matrices are stored `[in, out]`, never so in quantised folders. `implied`: the
   * names that the config implies, so that other tensors of such folders can be left out.
   */
  weights(transposed: boolean, implied?: Implied): Promise<Weights>;
  /** What has no effect, or an unexpected one; complete once tokenizer and weights are read. */
  readonly warnings: readonly string[];
  /**
   * The storage of most weights, e.g. `Q4_K_M` or `AWQ int4, groups of 128`, once they are read. Unset: floats, or not
   * stated in a GGUF file.
   */
  readonly quantisation?: string | undefined;
}

function folderFiles(source: FileSource): ModelFiles {
  const optional = async (file: string) => ((await source.has(file)) ? await readJson(source, file) : {});
  let config: Promise<unknown> | undefined;
  const readConfig = () => {
    config ??= readJson(source, "config.json", { infinity: true });
    return config;
  };
  let settings: Promise<Readonly<Record<string, unknown>>> | undefined;
  const tokenizerConfig = () => {
    const file = "tokenizer_config.json";
    settings ??= optional(file).then((parsed) => readFields(file, parsed).raw);
    return settings;
  };
  let quantised: Omit<QuantisedWeights, "weights"> | undefined;
  const weights = async (transposed: boolean, implied?: Implied) => {
    const opened = await openWeights(source);
    const config = await readConfig();
    if (!quantisationMethod(config)) return opened;
    const { quantisedWeights, withoutZeroBiases } = await import("../../formats/quantised/entry.ts");
    const { weights, ...facts } = quantisedWeights(opened, config, transposed);
    quantised = facts;
    return implied ? await withoutZeroBiases(weights, implied(weights.has)) : weights;
  };
  const chatTemplate = async () =>
    (await source.has("chat_template.jinja")) ? await readText(source, "chat_template.jinja") : undefined;
  return {
    origin: configJson,
    tokens: { file: "tokenizer.json", field: "vocab" },
    config: readConfig,
    generation: () => optional("generation_config.json"),
    tokenizerConfig,
    tokenizer: async () => {
      const settings = await tokenizerConfig();
      return await loadTokenizer(await readJson(source, "tokenizer.json"), settings);
    },
    chatTemplate,
    hasChatTemplate: async () =>
      ((await chatTemplate()) ?? (await tokenizerConfig())["chat_template"] ?? undefined) !== undefined,
    weights,
    get warnings() {
      return quantised?.warnings ?? [];
    },
    get quantisation() {
      return quantised?.name;
    },
  };
}

/** The files of a GGUF model as those of a folder; with `tokens` false, its tokenizer is not read. */
async function ggufFiles(source: FileSource, file: string): Promise<ModelFiles> {
  const { readGguf, readTokenizer } = await import("../../formats/gguf/entry.ts");
  const { config, names, facts, weights, quantisation } = await readGguf(source, file);
  let read: ReturnType<typeof readTokenizer> | undefined;
  const tokenizer = () => {
    read ??= readTokenizer(facts.reader);
    return read;
  };
  return {
    origin: { file, names },
    tokens: { file, field: "tokenizer.ggml.tokens" },
    config: async () => config,
    generation: async () => tokenizer().generation,
    tokenizerConfig: async () => tokenizer().config,
    tokenizer: async () => {
      const { tokenizer: pipeline, config: settings } = tokenizer();
      try {
        return await loadTokenizer(pipeline, settings);
      } catch (cause) {
        if (!(cause instanceof Error)) throw cause;
        const why = cause.message.replace(/^tokenizer(_config)?\.json:? /, "");
        throw new FormatError(file, `makes no tokenizer: ${why}`, { field: "tokenizer.ggml", cause });
      }
    },
    chatTemplate: async () => undefined,
    hasChatTemplate: async () => Object.keys(facts.reader.raw).some((key) => key.startsWith("tokenizer.chat_template")),
    weights: async () => weights,
    get warnings() {
      return read?.warnings ?? [];
    },
    quantisation,
  };
}

/** The files of a model: a GGUF file if the source was opened as one, else a folder. */
export const modelFiles = async (source: FileSource): Promise<ModelFiles> =>
  source.gguf === undefined ? folderFiles(source) : await ggufFiles(source, source.gguf);

/** Throws `FormatError` for a tokenizer with more tokens than the embedding has rows. */
export function checkTokens({ tokens, origin }: ModelFiles, tokenizer: Tokenizer, vocabulary: number): void {
  if (tokenizer.size <= vocabulary) return;
  const says = tokens.file === origin.file ? "it has rows for" : `${origin.file} says vocab_size`;
  throw new FormatError(tokens.file, `has token id ${tokenizer.size - 1}, but ${says} ${vocabulary}`, {
    field: tokens.field,
  });
}
