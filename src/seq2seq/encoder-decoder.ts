import type { StoredWeights } from "../generate/load/loaded-model.ts";
import { Lifetime } from "../generate/session/lifetime.ts";
import { Row } from "../generate/session/row.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { EncoderDecoderConfig } from "../models/seq2seq/config.ts";
import type { EncoderDecoderModel } from "../models/seq2seq/encoder-decoder.ts";
import {
  checkOptions,
  checkValue,
  either,
  fieldsOf,
  having,
  integer,
  listOf,
  size,
  text as string,
} from "../options/checks.ts";
import type { ChatTemplate } from "../text/template/chat-template.ts";
import { TextError } from "../text/text-error.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { contextsOf } from "./contexts.ts";
import { openCrossRows } from "./cross-rows.ts";
import { checkCrossAttention, checkPerHead, checkStepAttention, crossNames, crossWeights } from "./cross-weights.ts";
import type { SequenceDefaults } from "./defaults.ts";
import { draw } from "./generate.ts";
import { inGroups, openGroup } from "./group.ts";
import { type LookNames, look } from "./inspect.ts";
import { resolveSequence, type SequenceOptions } from "./options.ts";
import { SequencePrograms } from "./programs.ts";
import type {
  CrossAttention,
  CrossAttentionOptions,
  SequenceAttention,
  SequenceHiddenOptions,
  SequenceResult,
  SequenceResults,
  SequenceStates,
} from "./results.ts";

/** The parts of an encoder-decoder. */
interface EncoderDecoderParts {
  readonly model: EncoderDecoderModel;
  readonly tokenizers: { readonly source: Tokenizer; readonly target: Tokenizer };
  readonly defaults: SequenceDefaults;
  readonly stored: StoredWeights;
  readonly chatTemplate?: ChatTemplate | undefined;
}

/** A text, or its token ids including special tokens, used as they are. */
export type SequenceInput = string | readonly number[];

const ids = listOf(size);
const textsCheck = either(string, listOf(either(string, ids)));
const signal = having("aborted", "an AbortSignal");
const hiddenFields = fieldsOf<SequenceHiddenOptions>({ target: ids, signal });

/**
 * An encoder-decoder on the GPU with its tokenizers: T5, BART, Marian or the Transformer of 2017. Made by
 * `loadEncoderDecoder`.
 */
export class EncoderDecoder {
  readonly name: string;
  readonly gpu: Gpu;
  readonly config: EncoderDecoderConfig;
  /** For generated text, and for sources unless they have their own. */
  readonly tokenizer: Tokenizer;
  readonly sourceTokenizer: Tokenizer;
  /** For models that answer conversations; few encoder-decoders do. */
  readonly chatTemplate: ChatTemplate | undefined;
  /** The folder's settings for generation. */
  readonly defaults: SequenceDefaults;
  /** Longest source in tokens, special tokens included. */
  readonly sourceContext: number;
  /** Maximum number of generated tokens. */
  readonly context: number;
  /** The storage of most weights on the device, and their bytes in files. */
  readonly stored: StoredWeights;
  readonly #model: EncoderDecoderModel;
  readonly #programs: SequencePrograms;
  readonly #lifetime: Lifetime;

  constructor(name: string, { model, tokenizers, defaults, stored, chatTemplate }: EncoderDecoderParts) {
    const { gpu, config } = model;
    this.name = name;
    this.gpu = gpu;
    this.config = config;
    this.tokenizer = tokenizers.target;
    this.sourceTokenizer = tokenizers.source;
    this.chatTemplate = chatTemplate;
    this.defaults = defaults;
    this.stored = stored;
    this.#model = model;
    this.#programs = new SequencePrograms(model);
    const { source, target } = contextsOf(config, gpu.limits.binding);
    this.sourceContext = source;
    this.context = target;
    const device = { assertLive: () => gpu.assertUsable() };
    this.#lifetime = new Lifetime(`${name}: this encoder-decoder`, device, () => {
      this.#programs.dispose();
      model.weights.dispose();
    });
  }

  /** Bytes of the weights on the GPU. */
  get bytes(): number {
    return this.#model.weights.bytes;
  }

  /**
   * Generates a text from each text: a translation, a summary, or any task the model was trained for. Texts are
   * computed together, each seeing only its own tokens, and each source is encoded once. A list may have token ids in
   * place of a text. Throws `OptionError` for options, `TextError` for a text that is empty or longer than the encoder
   * takes and for invalid ids, and the reason of `signal` once it aborts.
   */
  async generate(texts: string | readonly SequenceInput[], options: SequenceOptions = {}): Promise<SequenceResults> {
    checkValue("generate", "texts", textsCheck, texts);
    const list = typeof texts === "string" ? [texts] : texts;
    const resolved = resolveSequence(options, this.defaults.options, list.length);
    const sources = list.map((one, i) => ({ ids: this.#encode("generate", one, i), row: i }));
    using _use = this.#lifetime.use();
    const { signal: disposed } = this.#lifetime;
    const stop = resolved.signal ? AbortSignal.any([resolved.signal, disposed]) : disposed;
    stop.throwIfAborted();
    const most = Math.min(resolved.maxTokens, this.context);
    const { beams, attention } = resolved;
    if (attention) {
      checkStepAttention(this.config, attention);
      const tokens = sources.reduce((sum, { ids }) => sum + ids.length, 0);
      checkPerHead("generate", this.config, attention, { sources: tokens, targets: most });
    }
    const searching = beams > 1 ? await import("./beams.ts") : undefined;
    searching?.checkBeams("generate", beams, 1, this.defaults.eos);
    const shape = { rowsOfSource: beams, capacity: most };
    const results: SequenceResult[] = [];
    const times = { encode: 0, decode: 0, tokens: 0 };
    for (const group of inGroups(this.#programs, sources, shape)) {
      const rows = group.map((_, i) => new Row(i, this.tokenizer, [], resolved.stops, this.defaults.eos));
      const attended: SequenceAttention[][] = group.map(() => []);
      const { onToken, seeds, noRepeatNgram } = resolved;
      const first = group[0]?.row ?? 0;
      const begun = performance.now();
      const opened = await openGroup(
        this.#programs,
        { ...shape, sources: group.map(({ ids }) => ids) },
        { signal: stop },
      );
      try {
        const cross = attention && (await openCrossRows(this.config, opened, attention));
        times.encode += performance.now() - begun;
        const { vocabulary } = this.config;
        const given = {
          ...resolved,
          rules: { vocabulary, ...this.defaults, noRepeatNgram },
          start: this.defaults.start,
          most,
          limitReason: most < resolved.maxTokens ? ("context" as const) : ("length" as const),
          cross,
          onToken: (row: number, token: number | undefined, piece: string, weights?: SequenceAttention) => {
            if (weights) attended[row]?.push(weights);
            onToken({ row: first + row, token, text: piece, ...(weights && { attention: weights }) });
          },
        };
        const { eos, renormalise } = this.defaults;
        const own = group.map(({ row }) => seeds[row] ?? 0);
        const drawn = searching
          ? await searching.search(this.#programs, opened, rows, { ...given, eos, renormalise }, stop)
          : await draw(this.#programs, opened, rows, { ...given, seeds: own }, stop);
        times.decode += drawn.decode;
      } catch (error) {
        // WebGPU's own errors do not say that the device was lost.
        throw error instanceof DOMException && !stop.aborted ? await this.gpu.explain(error) : error;
      } finally {
        opened.dispose();
      }
      for (const [i, { text, tokens, stopReason = "length", score }] of rows.entries()) {
        const found = { text, ids: tokens, sourceIds: group[i]?.ids ?? [], stopReason };
        const weights = attention && attended[i];
        results.push({ ...found, ...(score === undefined ? {} : { score }), ...(weights && { attention: weights }) });
        times.tokens += Math.max(0, tokens.length - 1);
      }
    }
    const { encode, decode, tokens } = times;
    const tokensPerSecond = decode > 0 ? (tokens * 1000) / decode : 0;
    return { results, seeds: resolved.seeds, timings: { encode, decode, tokensPerSecond } };
  }

  /**
   * The states of a source's tokens after the embedding and after every layer of the encoder, the last one normed if
   * the model has a norm there; with `target`, tokens without the decoder's start token, also the logits after the
   * start token and each of these. For comparison with other implementations. Throws as `generate` does.
   */
  async hidden(text: string, options: SequenceHiddenOptions = {}): Promise<SequenceStates> {
    checkOptions("hidden", hiddenFields, options);
    const { target } = options;
    checkValue("hidden", "text", string, text);
    const ids = this.#encode("hidden", text, 0);
    const tokens = target ? this.#target("hidden", target) : [];
    const layers = Array.from({ length: this.config.encoder.layers }, (_, i) => `encoder.${i}.output`).slice(0, -1);
    const wanted = ["embedding", ...layers, "encoder.output"];
    const names = { source: (name: string) => wanted.includes(name), target: (name: string) => name === "logits" };
    const found = await this.#look(ids, tokens, { ...names, keys: false }, options.signal);
    const rows = (all: readonly Float64Array[] = []) => all.map((row) => Float32Array.from(row));
    const logits = found.target.get("logits");
    return {
      tokens: ids,
      layers: wanted.map((name) => rows(found.source.get(name))),
      ...(logits && { logits: rows(logits) }),
    };
  }

  /**
   * How much each generated token attends to each token of the source: `target` are the ids of a result, each predicted
   * from a query of the decoder (Bahdanau et al. 2014, section 5.2.1, for such alignments). Throws as `generate` does,
   * and `OptionError` for a layer or head that does not exist.
   */
  async crossAttention(
    text: string,
    target: readonly number[],
    options: CrossAttentionOptions = {},
  ): Promise<CrossAttention> {
    checkCrossAttention(this.config, options);
    checkValue("crossAttention", "text", string, text);
    const ids = this.#encode("crossAttention", text, 0);
    checkValue("crossAttention", "target", listOf(integer(0, this.config.vocabulary - 1)), target);
    const tokens = this.#target("crossAttention", target.slice(0, -1)); // what follows the last one is not needed
    if (target.length === 0) throw new TextError("crossAttention: target is empty, expected the tokens of a result");
    const places = { sources: ids.length, targets: target.length };
    checkPerHead("crossAttention", this.config, options, places);
    const found = await this.#look(ids, tokens, crossNames, options.signal);
    const { layers, heads } = this.config.decoder;
    return {
      sourceIds: ids,
      targetIds: [...target],
      ...crossWeights(this.config, found, options, places),
      layers,
      heads,
    };
  }

  /**
   * True if the weights cannot be distinguished from random numbers, so that the model's texts are meaningless: see
   * `areUntrained`.
   */
  async isUntrained(): Promise<boolean> {
    using _use = this.#lifetime.use();
    const { areUntrained, matricesIn } = await import("../models/weights/untrained.ts");
    const { encoder, decoder } = this.#model.weights;
    // Position tables may be sines, which are the same in every model.
    return await areUntrained(matricesIn([encoder.embedding, encoder.blocks, decoder.embedding, decoder.blocks]));
  }

  async #look(source: readonly number[], target: readonly number[], names: LookNames, signal: AbortSignal | undefined) {
    using _use = this.#lifetime.use();
    const disposed = this.#lifetime.signal;
    const stop = signal ? AbortSignal.any([signal, disposed]) : disposed;
    stop.throwIfAborted();
    return await look(this.#programs, source, target, names, stop);
  }

  /** Given tokens of the decoder, after its start token. */
  #target(where: string, target: readonly number[]): readonly number[] {
    checkValue(where, "target", listOf(integer(0, this.config.vocabulary - 1)), target);
    if (target.length >= this.context) {
      throw new TextError(
        `${where}: target has ${target.length} tokens, the decoder takes at most ${this.context - 1}`,
      );
    }
    return [this.defaults.start, ...target];
  }

  /** The tokens of a source. */
  #encode(where: string, source: SequenceInput, index: number): readonly number[] {
    if (typeof source === "string" ? source.trim() === "" : source.length === 0) {
      throw new TextError(`${where}: texts[${index}] is empty, expected a text with at least one token`);
    }
    const ids = typeof source === "string" ? this.sourceTokenizer.encode(source) : source;
    const { sourceVocabulary } = this.config;
    const wrong = ids.find((id) => id >= sourceVocabulary);
    if (wrong !== undefined) {
      const most = sourceVocabulary - 1;
      throw new TextError(`${where}: texts[${index}] has the token id ${wrong}, expected integers from 0 to ${most}`);
    }
    if (ids.length > this.sourceContext) {
      throw new TextError(
        `${where}: texts[${index}] has ${ids.length} tokens, the encoder of ${this.name} takes at most ${this.sourceContext}`,
      );
    }
    return ids;
  }

  /** Stops its work and frees its memory, programs and weights as soon as they are unused. */
  dispose(): void {
    this.#lifetime.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
