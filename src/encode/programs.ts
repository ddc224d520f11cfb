import type { Instance, Program } from "../gpu/gpu.ts";
import type { EncoderModel } from "../models/encoders/encoder.ts";
import { encode } from "../models/encoders/encoder.ts";
import { unlessAborted } from "../options/abort.ts";
import type { Shape } from "../tensor/shape.ts";
import { placed, type Tensor, zeros } from "../tensor/tensor.ts";

import { type Pack, type PackSize, packsOf, packTokens, sizeFor, type TextInput } from "./packing.ts";

/** A program for packs of one size, with the memory of its inputs. */
interface BoundPack {
  readonly size: PackSize;
  readonly inputs: Readonly<Record<"ids" | "positions" | "types" | "offsets", Tensor>>;
  readonly program: Program<{ readonly states: Tensor }>;
  readonly instance: Instance<{ readonly states: Tensor }>;
  dispose(): void;
}

/** What a pack computed: a row of states for each token, text after text. */
export interface PackStates {
  readonly pack: Pack;
  /** `[tokens, c]` */
  readonly states: Float64Array;
  /** Values `[tokens, …]` by the names that were asked for. */
  readonly taps: ReadonlyMap<string, Float64Array>;
}

/** How many programs are kept. */
const kept = 8;

/** Most tokens of a pack, so that a submission stays short. */
const mostTokens = 1024;

/** Records and keeps the programs of one encoder. Runs of one share memory, so they follow one another. */
export class EncoderPrograms {
  readonly model: EncoderModel;
  /** Tokens of which one binding holds the widest activations. */
  readonly longest: number;
  readonly #bound = new Map<string, BoundPack>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(model: EncoderModel) {
    this.model = model;
    const { width, hidden } = model.config;
    this.longest = Math.floor(model.gpu.limits.binding / (4 * Math.max(3 * width, hidden)));
  }

  /** The states of texts, pack by pack. Throws the reason of `signal` between packs. */
  async *states(
    inputs: readonly TextInput[],
    { signal, taps }: { readonly signal?: AbortSignal | undefined; readonly taps?: (name: string) => boolean } = {},
  ): AsyncGenerator<PackStates, void, undefined> {
    const lengths = inputs.map(({ ids }) => ids.length);
    for (const pack of packsOf(lengths, Math.min(mostTokens, this.longest))) {
      signal?.throwIfAborted();
      yield await this.#alone(() => this.#run(inputs.slice(pack.begin, pack.end), pack, signal, taps), signal);
    }
  }

  /** Runs `fn` once those before it have ended. */
  async #alone<T>(fn: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const before = this.#last;
    const own = before.then(() => {
      signal?.throwIfAborted();
      return fn();
    });
    this.#last = own.catch(() => undefined);
    return await own;
  }

  async #run(
    inputs: readonly TextInput[],
    pack: Pack,
    signal: AbortSignal | undefined,
    taps?: (name: string) => boolean,
  ): Promise<PackStates> {
    const { gpu, config } = this.model;
    const size = sizeFor(pack.tokens, inputs.length);
    const bound = taps ? await this.#bind(size, signal, taps) : await this.#once(size, signal);
    try {
      const packed = packTokens(inputs, size, { first: config.positions.first, context: config.context });
      await Promise.all(
        (["ids", "positions", "types", "offsets"] as const).map((name) => {
          const { buffer } = packed[name];
          return gpu.write(bound.inputs[name].storage, 0, new Uint8Array(buffer as ArrayBuffer));
        }),
      );
      bound.instance.run();
      const { program, instance } = bound;
      const rowsOf = async (tensor: Tensor) => {
        const values = await unlessAborted(placed(instance, tensor).read(), signal);
        return values.subarray(0, (values.length / size.tokens) * pack.tokens);
      };
      const states = await rowsOf(program.result.states);
      const tapped = new Map<string, Float64Array>();
      for (const [name, tensor] of program.taps) tapped.set(name, await rowsOf(tensor as Tensor));
      return { pack, states, taps: tapped };
    } finally {
      if (taps) bound.dispose();
    }
  }

  async #once(size: PackSize, signal: AbortSignal | undefined): Promise<BoundPack> {
    const key = `${size.tokens} ${size.texts}`;
    const bound = this.#bound.get(key) ?? (await this.#bind(size, signal));
    this.#bound.delete(key); // set again, so that the map's order is the order of use
    this.#bound.set(key, bound);
    for (const old of [...this.#bound.keys()].slice(0, Math.max(0, this.#bound.size - kept))) {
      this.#bound.get(old)?.dispose();
      this.#bound.delete(old);
    }
    return bound;
  }

  async #bind(size: PackSize, signal: AbortSignal | undefined, taps?: (name: string) => boolean): Promise<BoundPack> {
    const { gpu, config } = this.model;
    const make = (shape: Shape, label: string) => gpu.unscoped(() => zeros(gpu, shape, "u32", label));
    const inputs = {
      ids: make([1, size.tokens], "token ids"),
      positions: make([1, size.tokens], "positions"),
      types: make([1, size.tokens], "token types"),
      offsets: make([size.texts + 1], "offsets of texts"),
    };
    const free = () => {
      for (const tensor of Object.values(inputs)) tensor.dispose();
    };
    try {
      const { ids, positions, types, offsets } = inputs;
      const layout = { kind: "ragged", queryOffsets: offsets, keyOffsets: offsets } as const;
      const program = gpu.record(
        () => ({
          states: encode(this.model, { ids, positions, layout, ...(config.types > 0 ? { types } : {}) }),
        }),
        taps ? { taps } : {},
      );
      const instance = await program.instantiate(undefined, gpu, signal);
      const dispose = () => {
        instance.dispose();
        program.dispose();
        free();
      };
      return { size, inputs, program, instance, dispose };
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
