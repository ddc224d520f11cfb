import type { CrossKeys } from "../blocks/cross-block.ts";
import { type CacheShape, type KvCache, placeholderCache } from "../blocks/kv-cache/cache.ts";
import type { PackSize } from "../encode/packing.ts";
import type { Program } from "../gpu/gpu.ts";
import { penalise } from "../kernels/sampling/logprobs.ts";
import { restrict, wordsOf } from "../kernels/sampling/restrict.ts";
import { sampleFinite } from "../kernels/sampling/sample.ts";
import { maxBatch } from "../kernels/step.ts";
import {
  crossOf,
  decodeTargets,
  type EncoderDecoderModel,
  encodeSources,
  type TargetInputs,
} from "../models/seq2seq/encoder-decoder.ts";
import { placeholder, type Tensor } from "../tensor/tensor.ts";
import { reshape } from "../tensor/views.ts";

/** A program that encodes sources, and the tensors that an instance must supply. */
interface SourceProgram {
  readonly program: Program<{ readonly cross: readonly CrossKeys[] }>;
  readonly ids: Tensor;
  readonly positions: Tensor;
  readonly offsets: Tensor;
}

/** The sizes for which a program of the decoder is recorded. */
export interface TargetSize {
  /** Batch rows. */
  readonly rows: number;
  /** Of the sources' program. */
  readonly sources: PackSize;
  /** Maximum visible cached tokens, of a cache with this capacity. */
  readonly visible: number;
  readonly capacity: number;
}

/** Properties of a step other than its size. */
interface TargetKind {
  /** True if some tokens are banned. */
  readonly restricted: boolean;
  /** True if the logits of tokens seen before change. */
  readonly penalties: boolean;
  /** Names of tapped values; unset: none. */
  readonly taps?: readonly string[] | undefined;
}

/** The placeholders of a program of the decoder. */
export interface TargetPlaces {
  readonly step: Tensor;
  readonly cache: KvCache;
  readonly cross: readonly CrossKeys[];
  readonly queryOffsets: Tensor;
  readonly keyOffsets: Tensor;
}

/** A step of the decoder that draws a token for each row. */
export interface StepProgram extends TargetPlaces {
  readonly program: Program<{ readonly chosen: Tensor }>;
  readonly settings: Tensor;
  readonly counts?: Tensor | undefined;
  readonly allowed?: Tensor | undefined;
}

/** A run of the decoder over given tokens. */
interface ForcedProgram extends TargetPlaces {
  readonly program: Program<{ readonly logits: Tensor }>;
  readonly ids: Tensor;
}

/** Maximum number of programs kept. */
const kept = 16;

/** The cache of rows of this capacity. */
export const targetCacheShape = (
  { config: { decoder } }: EncoderDecoderModel,
  rows: number,
  capacity: number,
): CacheShape => ({
  layers: decoder.layers,
  batch: rows,
  kvHeads: decoder.heads,
  capacity,
  headWidth: decoder.headWidth,
});

/** Records and keeps the programs of one encoder-decoder: one per size of packed sources, and of steps. */
export class SequencePrograms {
  readonly model: EncoderDecoderModel;
  readonly #programs = new Map<string, { readonly program: Program<unknown> }>();

  constructor(model: EncoderDecoderModel) {
    this.model = model;
  }

  /** The keys and values that every layer of the decoder reads, of sources packed to this size. */
  sources(size: PackSize, taps?: (name: string) => boolean): SourceProgram {
    return this.once(taps ? undefined : `sources ${size.tokens} ${size.texts}`, () => {
      const { gpu } = this.model;
      const ids = placeholder(gpu, [size.tokens], "u32", "source ids");
      const positions = placeholder(gpu, [size.tokens], "u32", "source positions");
      const offsets = placeholder(gpu, [size.texts + 1], "u32", "offsets of sources");
      const record = () => ({ cross: crossOf(this.model, encodeSources(this.model, { ids, positions, offsets })) });
      return { program: gpu.record(record, taps ? { taps } : {}), ids, positions, offsets };
    });
  }

  /** From each row's last token to its next. */
  step(size: TargetSize, kind: TargetKind): StepProgram {
    const { rows, sources, visible, capacity } = size;
    const sizes = [rows, sources.tokens, sources.texts, visible, capacity];
    const { restricted, penalties, taps = [] } = kind;
    return this.once(["step", ...sizes, restricted, penalties, ...taps].join(" "), () => {
      const { gpu, config } = this.model;
      const { vocabulary } = config;
      const places = this.places(size);
      const settings = placeholder(gpu, [maxBatch, 8], "f32", "settings");
      const counts = penalties ? placeholder(gpu, [rows, vocabulary], "u32", "counts") : undefined;
      const allowed = restricted ? placeholder(gpu, [rows, wordsOf(vocabulary)], "u32", "allowed tokens") : undefined;
      const record = () => {
        const raw = decodeTargets(this.model, targetInputs(places, size));
        const changed = counts ? penalise(gpu, { logits: raw, counts, settings }).y : raw;
        const logits = allowed ? restrict(gpu, { logits: changed, allowed }).y : changed;
        return sampleFinite(gpu, { logits, settings, step: places.step, counts }, { restricted });
      };
      const program = gpu.record(record, tapping(taps));
      return { ...places, program, settings, counts, allowed };
    });
  }

  /** Logits `[t, v]` of `t` given tokens of one row; with the values named in `taps`. */
  forced(t: number, size: TargetSize, taps: (name: string) => boolean): ForcedProgram {
    const { gpu } = this.model;
    const ids = placeholder(gpu, [size.rows * t], "u32", "token ids");
    const places = this.places(size);
    const record = () => ({
      logits: decodeTargets(this.model, { ...targetInputs(places, size), ids: reshape(ids, [size.rows, t]) }),
    });
    return { ...places, program: gpu.record(record, { taps }), ids };
  }

  /** Placeholders for the inputs of every decoder run. */
  places({ rows, sources, visible, capacity }: TargetSize): TargetPlaces {
    const { gpu, config } = this.model;
    const inner = config.decoder.heads * config.decoder.headWidth;
    const rowsOfSources = (what: string, layer: number) =>
      placeholder(gpu, [sources.tokens, inner], "f32", `layer.${layer} ${what} of sources`);
    return {
      step: placeholder(gpu, [maxBatch, 4], "u32", "step"),
      cache: placeholderCache(gpu, targetCacheShape(this.model, rows, capacity), { visible }),
      cross: Array.from({ length: config.decoder.layers }, (_, layer) => ({
        keys: rowsOfSources("keys", layer),
        values: rowsOfSources("values", layer),
      })),
      queryOffsets: placeholder(gpu, [sources.texts + 1], "u32", "offsets of rows"),
      keyOffsets: placeholder(gpu, [sources.texts + 1], "u32", "offsets of sources"),
    };
  }

  /** The program with this key, recorded once; without a key, each time. */
  once<R extends { readonly program: Program<unknown> }>(key: string | undefined, record: () => R): R {
    if (key === undefined) return record();
    const recorded = (this.#programs.get(key) as R | undefined) ?? record();
    this.#programs.delete(key); // reinserted, so that the map's order is the order of use
    this.#programs.set(key, recorded);
    for (const old of [...this.#programs.keys()].slice(0, Math.max(0, this.#programs.size - kept))) {
      this.#programs.get(old)?.program.dispose();
      this.#programs.delete(old);
    }
    return recorded;
  }

  dispose(): void {
    for (const { program } of this.#programs.values()) program.dispose();
    this.#programs.clear();
  }
}

/** Taps for values of these names. */
export const tapping = (names: readonly string[]): { readonly taps?: (name: string) => boolean } =>
  names.length > 0 ? { taps: (name) => names.includes(name) } : {};

/** The inputs of a run of the decoder with these placeholders. */
export const targetInputs = (
  { step, cache, cross, queryOffsets, keyOffsets }: TargetPlaces,
  { rows, visible }: TargetSize,
): TargetInputs => ({
  batch: rows,
  step,
  cache,
  visible,
  cross,
  sources: { kind: "ragged", queryOffsets, keyOffsets },
});
