import { FormatError } from "../formats/format-error.ts";
import type { StoredWeights } from "../generate/load/loaded-model.ts";
import { Lifetime } from "../generate/session/lifetime.ts";
import { GpuError } from "../gpu/errors.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { EncoderConfig } from "../models/encoders/config.ts";
import type { HeadKind } from "../models/encoders/heads/head.ts";
import {
  callback,
  checkOptions,
  checkValue,
  either,
  fieldsOf,
  having,
  integer,
  iterable,
  listOf,
  nonEmpty,
  text as string,
} from "../options/checks.ts";
import type { EncodedInput, EncoderTokenizer } from "../text/encoder-tokenizer.ts";
import { TextError } from "../text/text-error.ts";
import {
  type EmbeddedText,
  type Embeddings,
  type EmbedInput,
  type EmbedListOptions,
  type EmbedOptions,
  type TextReader,
  textInputs,
  vectorsOf,
} from "./embed-texts.ts";
import { type Embedding, type EmbeddingSettings, embeddingOutput } from "./embedding.ts";
import type { Answer, AnswerOptions } from "./heads/answer.ts";
import type { Classification, ClassifyOptions } from "./heads/classify.ts";
import type { EncoderHeads, HeadContext } from "./heads/context.ts";
import type { FilledMasks, FillMaskOptions } from "./heads/fill-mask.ts";
import type { NextSentence, NextSentenceOptions } from "./heads/next-sentence.ts";
import type { ScoreOptions, TextPair, TextScores } from "./heads/score-texts.ts";
import type { SparseOptions, SparseVectors } from "./heads/sparse.ts";
import { EncoderPrograms, type PackOutput, type RunnableEncoder, statesOutput } from "./programs.ts";

/** The states of a text's tokens. */
export interface HiddenStates {
  /** Token ids, including the special tokens. */
  readonly tokens: readonly number[];
  /** The output of the embeddings, then of every layer, with one row per token. */
  readonly layers: readonly (readonly Float32Array[])[];
}

/** A signal that ends a computation. */
export interface HiddenOptions {
  readonly signal?: AbortSignal | undefined;
}

const signal = having("aborted", "an AbortSignal");
const inputCheck = either(string, listOf(integer(0, 2 ** 32 - 1)));
const hiddenFields = fieldsOf<HiddenOptions>({ signal });
const embedChecks = { promptName: string, maxTokens: integer(1, 2 ** 31 - 1), signal };
const streamFields = fieldsOf<EmbedOptions>(embedChecks);
const embedFields = fieldsOf<EmbedListOptions>({ ...embedChecks, onProgress: callback });

/** The computation of `hidden`. */
const outputs = /^(embedding|layer\.\d+\.output)$/;

/** The parts of an encoder. */
export interface EncoderParts {
  readonly model: RunnableEncoder;
  readonly tokenizer: EncoderTokenizer;
  readonly embedding: Embedding;
  /** Unset: the family has no heads. */
  readonly heads?: EncoderHeads | undefined;
  readonly stored: StoredWeights;
  /** Normalises a text before tokenization; default: unchanged. */
  readonly prepare?: ((text: string) => string) | undefined;
}

/** An encoder on the GPU with its tokenizer. Made by `loadEncoder`. */
export class Encoder {
  readonly name: string;
  readonly gpu: Gpu;
  readonly config: EncoderConfig;
  readonly tokenizer: EncoderTokenizer;
  /** Longest text in tokens, special tokens included. */
  readonly context: number;
  /** How `embed` makes vectors. */
  readonly embedding: EmbeddingSettings;
  /** The heads in the folder. */
  readonly heads: readonly HeadKind[];
  /** The labels of its text or token classifier, in the order of its outputs; empty without one. */
  readonly labels: readonly string[];
  /** The storage of most weights on the device, and their bytes in files. */
  readonly stored: StoredWeights;
  readonly #parts: EncoderParts;
  readonly #programs: EncoderPrograms;
  readonly #output: PackOutput;
  readonly #lifetime: Lifetime;

  constructor(name: string, parts: EncoderParts) {
    const { model, tokenizer, embedding } = parts;
    this.name = name;
    this.gpu = model.gpu;
    this.config = model.config;
    this.tokenizer = tokenizer;
    this.stored = parts.stored;
    this.#parts = parts;
    this.#programs = new EncoderPrograms(model);
    this.context = Math.min(model.config.context, this.#programs.longest);
    this.embedding = { ...embedding.settings, maxTokens: Math.min(embedding.settings.maxTokens, this.context) };
    this.heads = Object.keys(parts.heads?.weights ?? {}) as HeadKind[];
    this.labels = parts.heads?.chosen.labels?.names ?? [];
    this.#output = embeddingOutput(embedding);
    const device = { assertLive: () => model.gpu.assertUsable() };
    this.#lifetime = new Lifetime(`${name}: this encoder`, device, () => {
      this.#programs.dispose();
      embedding.dispose();
      model.weights.dispose();
    });
  }

  /** Bytes of the weights on the GPU. */
  get bytes(): number {
    return this.#parts.model.weights.bytes + this.#parts.embedding.bytes;
  }

  /** The tokens of a text that must not be truncated. */
  #whole(where: string, text: string): EncodedInput {
    checkValue(where, "text", nonEmpty, text);
    const input = this.tokenizer.encodeInput(text);
    const { length } = input.ids;
    if (length > this.context) {
      throw new TextError(`${where}: the text has ${length} tokens, ${this.name} takes at most ${this.context}`);
    }
    return input;
  }

  /**
   * The states of a text's tokens after the embeddings and after every layer, for comparison with other
   * implementations. `OptionError` for an empty text, `TextError` for one longer than the model takes, and the reason
   * of `signal` once it aborts.
   */
  async hidden(text: string, options: HiddenOptions = {}): Promise<HiddenStates> {
    checkOptions("hidden", hiddenFields, options);
    const input = this.#whole("hidden", text);
    using _use = this.#lifetime.use();
    const layers: Float32Array[][] = [];
    const taps = (name: string) => outputs.test(name);
    for await (const { taps: tapped } of this.#programs.run([input], statesOutput, { ...options, taps })) {
      for (const values of tapped.values()) layers.push(rowsOf(values, input.ids.length));
    }
    for (const [layer, rows] of layers.entries()) {
      if (rows.every((row) => row.every(Number.isFinite))) continue;
      const where = layer === 0 ? "the embeddings" : `layer ${layer - 1}`;
      throw new GpuError(`${this.name}: the states after ${where} are not finite`);
    }
    return { tokens: input.ids, layers };
  }

  /**
   * A vector for each text, such that texts of similar meaning have a large cosine: the states of its tokens, pooled as
   * in `embedding`. Texts are computed together, each seeing only its own tokens; tokens beyond `embedding.maxTokens`
   * are cut off. Token ids in place of a text are used as they are: no prompt, no added special tokens, no truncation.
   * Throws `TextError` for an empty text, an unknown prompt, and token ids that do not fit, and the reason of `signal`
   * once it aborts.
   */
  async embed(texts: readonly EmbedInput[], options: EmbedListOptions = {}): Promise<Embeddings> {
    checkValue("embed", "texts", listOf(inputCheck), texts);
    checkOptions("embed", embedFields, options);
    const { onProgress, ...rest } = options;
    const all: EmbeddedText[] = [];
    for await (const batch of this.#embedded(texts, rest)) {
      all.push(...batch);
      onProgress?.({ done: all.length, total: texts.length });
    }
    return { embeddings: all.map(({ embedding }) => embedding), tokens: all.map(({ tokens }) => tokens) };
  }

  /**
   * As `embed`, for a stream of texts: texts are read as they are computed, and each vector is yielded as soon as it is
   * ready, so memory does not grow with their number.
   */
  embedStream(
    texts: Iterable<EmbedInput> | AsyncIterable<EmbedInput>,
    options: EmbedOptions = {},
  ): AsyncGenerator<EmbeddedText, void, undefined> {
    checkValue("embedStream", "texts", iterable("texts"), texts);
    checkOptions("embedStream", streamFields, options);
    return oneByOne(this.#embedded(texts, options));
  }

  async *#embedded(
    texts: Iterable<EmbedInput> | AsyncIterable<EmbedInput>,
    options: EmbedOptions,
  ): AsyncGenerator<EmbeddedText[], void, undefined> {
    using _use = this.#lifetime.use();
    const { signal } = options;
    signal?.throwIfAborted();
    if (this.embedding.sparse) {
      throw new FormatError(this.name, "makes sparse vectors (SpladePooling in modules.json): sparse gives them");
    }
    const { vocabulary } = this.config;
    const settings = this.embedding;
    const reader: TextReader = { ...this.#parts, settings, vocabulary, prepare: this.#parts.prepare ?? asItIs };
    const inputs = textInputs(reader, texts, options);
    yield* vectorsOf(this.name, this.#programs, this.#output, inputs, this.embedding.width, signal);
  }

  /**
   * The likeliest tokens for each mask in a text, written as the tokenizer's mask token: `[MASK]`, `<mask>`. Throws
   * `FormatError` without a head for masked language, `TextError` for a text without a mask or longer than the model
   * takes, and the reason of `signal` once it aborts.
   */
  async fillMask(text: string, options: FillMaskOptions = {}): Promise<FilledMasks> {
    const { fillMask } = await import("./heads/entry.ts");
    return await this.#withHeads((heads) => fillMask(heads, text, options));
  }

  /**
   * The labels of a text, or of a pair, with their scores, best first; with a token classifier, each token with its
   * range and likeliest label. With `labels`, a natural language inference model scores these in place of its own.
   * Throws `FormatError` without such a head, `TextError` for a text longer than the model takes or an unsupported
   * pair, and the reason of `signal` once it aborts.
   */
  async classify(text: string, options: ClassifyOptions = {}): Promise<Classification> {
    const { classify } = await import("./heads/entry.ts");
    return await this.#withHeads((heads) => classify(heads, text, options));
  }

  /**
   * A score for each label of each text or pair, as `classify` returns for one, computed together: with a
   * cross-encoder, how relevant passages are to a query, in pairs of both. Throws as `classify` does, with the index of
   * the text.
   */
  async scores(texts: readonly (string | TextPair)[], options: ScoreOptions = {}): Promise<TextScores> {
    const { scoreTexts } = await import("./heads/entry.ts");
    return await this.#withHeads((heads) => scoreTexts(heads, texts, options));
  }

  /**
   * The part of a context that answers a question. A context longer than the model takes is read in overlapping parts.
   * Throws `FormatError` without a head for question answering, `TextError` for a question that leaves no room, and the
   * reason of `signal` once it aborts.
   */
  async answer(question: string, context: string, options: AnswerOptions = {}): Promise<Answer> {
    const { answer } = await import("./heads/entry.ts");
    return await this.#withHeads((heads) => answer(heads, question, context, options));
  }

  /** How likely it is that a text follows another. Throws as `classify` does. */
  async nextSentence(text: string, next: string, options: NextSentenceOptions = {}): Promise<NextSentence> {
    const { nextSentence } = await import("./heads/entry.ts");
    return await this.#withHeads((heads) => nextSentence(heads, text, next, options));
  }

  /**
   * For each text the weights of the vocabulary's tokens, for search by an inverted index: `log(1 + max(logit, 0))` of
   * the head for masked language, the maximum over the text's tokens (SPLADE; Formal, Piwowarski and Clinchant 2021).
   * Tokens beyond `embedding.maxTokens` are cut off. Throws as `fillMask` does.
   */
  async sparse(texts: readonly string[], options: SparseOptions = {}): Promise<SparseVectors> {
    const { sparse } = await import("./heads/entry.ts");
    return await this.#withHeads((heads) => sparse(heads, texts, options));
  }

  async #withHeads<T>(use: (heads: HeadContext) => Promise<T>): Promise<T> {
    const { headContext } = await import("./heads/entry.ts");
    using _use = this.#lifetime.use();
    const { name, config, tokenizer, context } = this;
    const { maxTokens, sparse } = this.embedding;
    const ofEmbedding = { maxTokens, sparse, prepare: this.#parts.prepare ?? asItIs };
    const known = { name, config, tokenizer, context, ofEmbedding };
    return await use(headContext(known, this.#programs, this.gpu, this.#parts.heads));
  }

  /** Stops its work and frees its memory, programs and weights as soon as they are unused. */
  dispose(): void {
    this.#lifetime.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

const asItIs = (text: string) => text;

async function* oneByOne<T>(batches: AsyncIterable<readonly T[]>): AsyncGenerator<T, void, undefined> {
  for await (const batch of batches) yield* batch;
}

/** The values split into this many rows. */
function rowsOf(values: Float64Array, rows: number): Float32Array[] {
  const width = values.length / rows;
  return Array.from({ length: rows }, (_, i) => Float32Array.from(values.subarray(i * width, (i + 1) * width)));
}
