import { openFolder } from "../formats/folder.ts";
import { FormatError } from "../formats/format-error.ts";
import { type FileSource, readJson, readText } from "../formats/source.ts";
import { openUrl } from "../formats/url.ts";
import { openWeights } from "../formats/weights.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { maxBatch } from "../kernels/step.ts";
import { readArchitecture } from "../models/architectures.ts";
import type { Decoder } from "../models/decoder.ts";
import { checkRequirements } from "../models/requirements.ts";
import { type LoadOptions, loadWeights } from "../models/weights.ts";
import { type ChatTemplate, createChatTemplate } from "../text/chat-template.ts";
import { TextError } from "../text/text-error.ts";
import { createTokenizer, type Tokenizer } from "../text/tokenizer.ts";
import type { Generation } from "./generation.ts";
import { type GenerationDefaults, type GenerationOptions, readDefaults } from "./options.ts";
import { DecoderPrograms } from "./programs.ts";
import { Session } from "./session.ts";

/** How a model is loaded. */
export interface ModelOptions extends LoadOptions {
  /** Longest sequence in tokens, up to the model's own; default the model's own, at most 4096. */
  readonly context?: number | undefined;
}

/** A language model on the GPU with its tokenizer. Made by `loadModel`. */
export class LanguageModel {
  readonly name: string;
  readonly gpu: Gpu;
  readonly decoder: Decoder;
  readonly tokenizer: Tokenizer;
  readonly chatTemplate: ChatTemplate | undefined;
  readonly defaults: GenerationDefaults;
  readonly context: number;
  readonly programs: DecoderPrograms;

  constructor(
    name: string,
    decoder: Decoder,
    tokenizer: Tokenizer,
    chatTemplate: ChatTemplate | undefined,
    defaults: GenerationDefaults,
    context: number,
  ) {
    this.name = name;
    this.gpu = decoder.gpu;
    this.decoder = decoder;
    this.tokenizer = tokenizer;
    this.chatTemplate = chatTemplate;
    this.defaults = defaults;
    this.context = context;
    this.programs = new DecoderPrograms(decoder, context);
  }

  /** Continues a prompt, or several as one batch, in a session of its own. */
  generate(prompts: string | readonly number[] | readonly string[], options: GenerationOptions = {}): Generation {
    const batch = typeof prompts === "string" || typeof prompts[0] === "number" ? 1 : prompts.length;
    const session = this.session(batch);
    try {
      const generation = session.generate(prompts, options);
      generation.ended.finally(() => session.dispose());
      return generation;
    } catch (error) {
      session.dispose();
      throw error;
    }
  }

  /** Opens a session of `batch` sequences that keeps its cache from turn to turn. */
  session(batch = 1): Session {
    if (!Number.isInteger(batch) || batch < 1 || batch > maxBatch) {
      throw new RangeError(`a batch of ${batch} sequences, expected 1 to ${maxBatch}`);
    }
    checkRequirements(this.gpu, this.decoder.config, this.programs.capacity, batch);
    return new Session(this, batch);
  }

  /**
   * Log-probability (natural logarithm) of each token but the first, given those before it. `tokens` are ids, or a text
   * that is tokenized with the tokens that the model puts around it.
   */
  async score(tokens: string | readonly number[]): Promise<Float64Array> {
    const ids = typeof tokens === "string" ? this.tokenizer.encode(tokens) : tokens;
    const { vocabulary } = this.decoder.config;
    if (ids.length > this.context) {
      throw new TextError(`${ids.length} tokens to score, more than the context of ${this.context}`);
    }
    const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabulary);
    if (wrong !== undefined)
      throw new TextError(`token id ${wrong} is outside of the vocabulary of ${vocabulary} tokens`);
    using session = this.session();
    return await session.state.score(ids);
  }

  /** Frees weights and programs; sessions must not be used afterwards. */
  dispose(): void {
    this.programs.dispose();
    this.decoder.weights.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Context that is taken when nobody says how much: the cache is allocated for all of it. */
const defaultContext = 4096;

/**
 * Loads a Hugging Face folder (`config.json`, `model.safetensors` or its shards, `tokenizer.json`, and where there are
 * any `tokenizer_config.json`, `generation_config.json`, a chat template): a path in Node, an address in both, or any
 * `FileSource`. Throws `FormatError`, `TextError` or `GpuError` before anything large is allocated when the files do
 * not fit one another or the device.
 */
export async function loadModel(
  gpu: Gpu,
  from: string | FileSource,
  options: ModelOptions = {},
): Promise<LanguageModel> {
  const source =
    typeof from !== "string" ? from : /^(https?:|blob:)/.test(from) ? openUrl(from) : await openFolder(from);
  const { family, config } = readArchitecture(await readJson(source, "config.json"));
  const optional = async (file: string) => ((await source.has(file)) ? await readJson(source, file) : undefined);
  const tokenizerConfig = await optional("tokenizer_config.json");
  const tokenizer = createTokenizer(await readJson(source, "tokenizer.json"), tokenizerConfig ?? {});
  if (tokenizer.size > config.vocabulary) {
    throw new FormatError(
      "tokenizer.json",
      `has token id ${tokenizer.size - 1}, but config.json says vocab_size ${config.vocabulary}`,
      {
        field: "vocab",
      },
    );
  }
  const context = Math.min(options.context ?? Math.min(config.context, defaultContext), config.context);
  if (!Number.isInteger(context) || context < 1)
    throw new RangeError(`context is ${options.context}, expected a positive integer`);
  checkRequirements(gpu, config, context);
  const jinja = (await source.has("chat_template.jinja")) ? await readText(source, "chat_template.jinja") : undefined;
  const chatTemplate = createChatTemplate({ tokenizerConfig: tokenizerConfig ?? {}, chatTemplateJinja: jinja });
  const raw = (await readJson(source, "config.json")) as Readonly<Record<string, unknown>>;
  const endings = [raw["eos_token_id"]].flat().concat(tokenizer.eos ?? []);
  const defaults = readDefaults(await optional("generation_config.json"), endings);
  const weights = await loadWeights(gpu, await openWeights(source), family, config, options);
  return new LanguageModel(source.name, { gpu, config, weights }, tokenizer, chatTemplate, defaults, context);
}
