import type { Gpu, Instance, Program } from "../gpu/gpu.ts";
import { type EncoderConfig, firstPosition } from "../models/encoders/config.ts";
import type { TokenInputs } from "../models/encoders/encoder.ts";
import { unlessAborted } from "../options/abort.ts";
import type { Shape } from "../tensor/shape.ts";
import { placed, type Tensor, zeros } from "../tensor/tensor.ts";
import { reshape } from "../tensor/views.ts";
import { inPacks, maxTokens, type PackSize, packTokens, sizeFor, type TextInput } from "./packing.ts";

/** An encoder on the GPU, of any family. */
export interface RunnableEncoder {
  readonly gpu: Gpu;
  readonly config: EncoderConfig;
  /** Its weights: their size in bytes, and `dispose`. */
  readonly weights: { readonly bytes: number; dispose(): void };
  /** Records the states `[b, t, c]` of the last layer; taps are `embedding` and `layer.N.output`. */
  states(inputs: TokenInputs): Tensor;
}

/** Further numbers that a program reads. */
export interface PackInput {
  readonly dtype: "u32" | "f32";
  /** How many, for a program of this size. */
  readonly count: (size: PackSize) => number;
  readonly values: (
    texts: readonly TextInput[],
    size: PackSize,
  ) => Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
}

/** A program's output from the states of its texts. */
export interface PackOutput {
  /** Key of programs: outputs of one encoder with equal names are the same. */
  readonly name: string;
  readonly inputs: Readonly<Record<string, PackInput>>;
  /** What a row of the result belongs to; `all`: to neither, and the whole result is returned. */
  readonly rows: "tokens" | "texts" | "all";
  /**
   * Records it: from states `[t, c]`, offsets of texts u32 `[texts + 1]` and its inputs to a result with one row per
   * token or text.
   */
  readonly record: (
    gpu: Gpu,
    pack: { readonly states: Tensor; readonly offsets: Tensor; readonly inputs: Readonly<Record<string, Tensor>> },
  ) => Tensor;
}

/** The states themselves. */
export const statesOutput: PackOutput = {
  name: "states",
  inputs: {},
  rows: "tokens",
  record: (_gpu, { states }) => states,
};

/** A program for packs of one size, with the memory of its inputs. */
interface BoundPack {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly program: Program<{ readonly result: Tensor }>;
  readonly instance: Instance<{ readonly result: Tensor }>;
  dispose(): void;
}

/** The result of a pack. */
interface PackResult<T extends TextInput> {
  readonly texts: readonly T[];
  /** A row per token, text after text, or per text. */
  readonly values: Float64Array;
  /** Values of each token, by requested name. */
  readonly taps: ReadonlyMap<string, Float64Array>;
}

/** How packs are computed. */
interface PackOptions {
  readonly signal?: AbortSignal | undefined;
  /** Names of values to keep; the program is then recorded for this pack alone. */
  readonly taps?: ((name: string) => boolean) | undefined;
}

/** Maximum number of programs kept. */
const kept = 8;

/** Records and keeps the programs of one encoder. Runs of one share memory, so they are sequential. */
export class EncoderPrograms {
  /** Tokens whose widest activations fit one binding. */
  readonly longest: number;
  readonly #model: RunnableEncoder;
  readonly #bound = new Map<string, BoundPack>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(model: RunnableEncoder) {
    this.#model = model;
    const { width, hidden } = model.config;
    this.longest = Math.floor(model.gpu.limits.binding / (4 * Math.max(3 * width, hidden)));
  }

  /** How many programs there are: at most eight, for any number of texts. */
  get size(): number {
    return this.#bound.size;
  }

  /**
   * The results of texts, pack by pack, in order. Texts are read as packs are computed, so an endless list needs no
   * more memory than a short one. Throws the reason of `signal` between packs and while one is awaited.
   */
  async *run<T extends TextInput>(
    texts: Iterable<T> | AsyncIterable<T>,
    output: PackOutput,
    options: PackOptions = {},
  ): AsyncGenerator<PackResult<T>, void, undefined> {
    const { signal } = options;
    for await (const pack of inPacks(texts, Math.min(maxTokens, this.longest))) {
      signal?.throwIfAborted();
      yield await this.#alone(() => this.#runPack(pack, output, options), signal);
    }
  }

  /** Runs `fn` after earlier calls have ended. */
  async #alone<T>(fn: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const before = this.#last;
    const own = before.then(() => {
      signal?.throwIfAborted();
      return fn();
    });
    this.#last = own.catch(() => undefined);
    return await own;
  }

  async #runPack<T extends TextInput>(
    texts: readonly T[],
    output: PackOutput,
    { signal, taps }: PackOptions,
  ): Promise<PackResult<T>> {
    const { gpu, config } = this.#model;
    const tokens = texts.reduce((sum, { ids }) => sum + ids.length, 0);
    const size = sizeFor(tokens, texts.length);
    const bound = await (taps ? this.#bind(size, output, signal, taps) : this.#keptFor(size, output, signal));
    try {
      const given: Record<string, Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>> = {
        ...packTokens(texts, size, { first: firstPosition(config.positions), context: config.context }),
      };
      for (const [name, { values }] of Object.entries(output.inputs)) given[own(name)] = values(texts, size);
      await Promise.all(
        Object.entries(given).map(async ([name, { buffer, byteOffset, byteLength }]) => {
          const input = bound.inputs[name];
          if (input) await gpu.write(input.storage, 0, new Uint8Array(buffer, byteOffset, byteLength));
        }),
      );
      bound.instance.run();
      const { program, instance } = bound;
      const live = { tokens, texts: texts.length };
      const read = async (tensor: Tensor, of: "tokens" | "texts" | "all") => {
        const values = await unlessAborted(placed(instance, tensor).read(), signal);
        return of === "all" ? values : values.subarray(0, (values.length / size[of]) * live[of]);
      };
      const values = await read(program.result.result, output.rows);
      const tapped = new Map<string, Float64Array>();
      for (const [name, tensor] of program.taps) tapped.set(name, await read(tensor as Tensor, "tokens"));
      return { texts, values, taps: tapped };
    } finally {
      if (taps) bound.dispose();
    }
  }

  async #keptFor(size: PackSize, output: PackOutput, signal: AbortSignal | undefined): Promise<BoundPack> {
    const key = `${output.name} ${size.tokens} ${size.texts}`;
    const bound = this.#bound.get(key) ?? (await this.#bind(size, output, signal));
    this.#bound.delete(key); // reinserted, so that the map's order is the order of use
    this.#bound.set(key, bound);
    for (const old of [...this.#bound.keys()].slice(0, Math.max(0, this.#bound.size - kept))) {
      this.#bound.get(old)?.dispose();
      this.#bound.delete(old);
    }
    return bound;
  }

  async #bind(
    size: PackSize,
    output: PackOutput,
    signal: AbortSignal | undefined,
    taps?: (name: string) => boolean,
  ): Promise<BoundPack> {
    const { gpu, config } = this.#model;
    const make = (shape: Shape, dtype: "u32" | "f32", label: string) =>
      gpu.unscoped(() => zeros(gpu, shape, dtype, label));
    const tokens = {
      ids: make([1, size.tokens], "u32", "token ids"),
      positions: make([1, size.tokens], "u32", "positions"),
      types: make([1, size.tokens], "u32", "token types"),
      offsets: make([size.texts + 1], "u32", "offsets of texts"),
    };
    const extra = Object.fromEntries(
      Object.entries(output.inputs).map(([name, { dtype, count }]) => [name, make([count(size)], dtype, name)]),
    );
    const inputs: Record<string, Tensor> = { ...tokens };
    for (const [name, tensor] of Object.entries(extra)) inputs[own(name)] = tensor;
    const free = () => {
      for (const tensor of Object.values(inputs)) tensor.dispose();
    };
    try {
      const { ids, positions, types, offsets } = tokens;
      const layout = { kind: "ragged", queryOffsets: offsets, keyOffsets: offsets } as const;
      const program = gpu.record(
        () => {
          const given = { ids, positions, layout, ...(config.types > 0 ? { types } : {}) };
          const states = reshape(this.#model.states(given), [size.tokens, config.width]);
          return { result: output.record(gpu, { states, offsets, inputs: extra }) };
        },
        taps ? { taps } : {},
      );
      const instance = await program.instantiate(undefined, gpu, signal);
      const dispose = () => {
        instance.dispose();
        program.dispose();
        free();
      };
      return { inputs, program, instance, dispose };
    } catch (error) {
      free();
      throw error;
    }
  }

  dispose(): void {
    for (const bound of this.#bound.values()) bound.dispose();
    this.#bound.clear();
  }
}

/** The name of an output's own input, distinct from those of the tokens. */
const own = (name: string) => `output ${name}`;
