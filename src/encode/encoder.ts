import { Lifetime } from "../generate/lifetime.ts";
import { GpuError } from "../gpu/errors.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { EncoderConfig } from "../models/encoders/config.ts";
import type { EncoderModel } from "../models/encoders/encoder.ts";
import { checkOptions, checkValue, fieldsOf, having, nonEmpty } from "../options/checks.ts";
import type { EncodedInput, EncoderTokenizer } from "../text/encoder-tokenizer.ts";
import { TextError } from "../text/text-error.ts";
import { EncoderPrograms } from "./programs.ts";

/** The states of a text's tokens. */
export interface HiddenStates {
  /** Token ids, with those that the model adds around a text. */
  readonly tokens: readonly number[];
  /** The output of the embeddings, then of every layer; each has a row for each token. */
  readonly layers: readonly (readonly Float32Array[])[];
}

/** What ends a computation. */
export interface HiddenOptions {
  readonly signal?: AbortSignal | undefined;
}

const hiddenFields = fieldsOf<HiddenOptions>({ signal: having("aborted", "an AbortSignal") });

/** What a text is taken through by `hidden`. */
const outputs = /^(embedding|layer\.\d+\.output)$/;

/** An encoder on the GPU with its tokenizer. Made by `loadEncoder`. */
export class Encoder {
  readonly name: string;
  readonly gpu: Gpu;
  readonly config: EncoderConfig;
  readonly tokenizer: EncoderTokenizer;
  /** Longest text in tokens, with those that the model adds around it. */
  readonly context: number;
  readonly #model: EncoderModel;
  readonly #programs: EncoderPrograms;
  readonly #lifetime: Lifetime;

  constructor(name: string, model: EncoderModel, tokenizer: EncoderTokenizer) {
    this.name = name;
    this.gpu = model.gpu;
    this.config = model.config;
    this.tokenizer = tokenizer;
    this.#model = model;
    this.#programs = new EncoderPrograms(model);
    this.context = Math.min(model.config.context, this.#programs.longest);
    const device = { assertLive: () => model.gpu.assertUsable() };
    this.#lifetime = new Lifetime(`${name}: this encoder`, device, () => {
      this.#programs.dispose();
      model.weights.dispose();
    });
  }

  /** Bytes of the weights on the GPU. */
  get bytes(): number {
    return this.#model.weights.bytes;
  }

  /** The tokens of a text that has to be taken whole. */
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
   * The states of a text's tokens after the embeddings and after every layer, for comparing with another implementation.
   * `OptionError` for an empty text, `TextError` for one longer than the model takes, and the reason of `signal` once it
   * aborts.
   */
  async hidden(text: string, options: HiddenOptions = {}): Promise<HiddenStates> {
    checkOptions("hidden", hiddenFields, options);
    const input = this.#whole("hidden", text);
    using _use = this.#lifetime.use();
    const layers: Float32Array[][] = [];
    for await (const { taps } of this.#programs.states([input], { ...options, taps: (name) => outputs.test(name) })) {
      for (const values of taps.values()) layers.push(rowsOf(values, this.config.width));
    }
    for (const [layer, rows] of layers.entries()) {
      if (rows.every((row) => row.every(Number.isFinite))) continue;
      const where = layer === 0 ? "the embeddings" : `layer ${layer - 1}`;
      throw new GpuError(`${this.name}: the states after ${where} are not finite`);
    }
    return { tokens: input.ids, layers };
  }

  /** Stops what it computes, and frees its memory, the programs and the weights, as soon as nothing uses them. */
  dispose(): void {
    this.#lifetime.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** The rows of `width` values. */
function rowsOf(values: Float64Array, width: number): Float32Array[] {
  return Array.from({ length: values.length / width }, (_, i) =>
    Float32Array.from(values.subarray(i * width, (i + 1) * width)),
  );
}
