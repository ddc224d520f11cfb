import { type CacheShape, type KvCache, placeholderCache } from "../../blocks/kv-cache/cache.ts";
import type { CacheOptions } from "../../blocks/kv-cache/cache-options.ts";
import { placeholderStates, type StateShape, type States } from "../../blocks/state/cache.ts";
import type { Program } from "../../gpu/gpu.ts";
import { add } from "../../kernels/elementwise/elementwise.ts";
import type { tokenWeights } from "../../kernels/sampling/accept-drafts.ts";
import { restrict, wordsOf } from "../../kernels/sampling/restrict.ts";
import { sampleFinite } from "../../kernels/sampling/sample.ts";
import { maxBatch } from "../../kernels/step.ts";
import { cacheShape, stateShape } from "../../models/decoders/cache.ts";
import {
  createRopeTables,
  type Decoder,
  forward,
  logits,
  normedStates,
  type RopeTables,
} from "../../models/decoders/decoder.ts";
import { placeholder, type Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import { longestChunk, tokensAhead } from "./chunks.ts";
import { watchLayers } from "./guard.ts";

/** The sampling options that change the recorded program. */
export interface SamplingKind {
  /** True if the logits of some tokens are raised or lowered. */
  readonly biased?: boolean;
  readonly penalties: boolean;
  /** True if some tokens are banned. */
  readonly restricted?: boolean;
  /** Check every n-th layer (see `watchLayers`); 0 or unset: none. */
  readonly guard?: number;
  readonly logprobs: number;
  /** The kernel of the drawing weights, if they are a result too: a page starts without it. */
  readonly weigh?: typeof tokenWeights | undefined;
}

/** The results of sampling, one entry per row. */
export interface Sampled {
  readonly chosen: Tensor;
  /** The drawing weights of each row, `[b, v]` (see `tokenWeights`), if the kind has `weigh`. */
  readonly weights?: Tensor;
  readonly top?: {
    readonly ids: Tensor;
    readonly logprobs: Tensor;
    readonly chosenLogprob: Tensor;
    readonly chosenRank: Tensor;
  };
}

/** A program with the tensors that an instance must supply. */
export interface RecordedProgram<T> {
  readonly program: Program<T>;
  readonly ids?: Tensor;
  readonly cache: KvCache;
  /** What layers with a state carry on. */
  readonly states?: States | undefined;
  /** Tokens of a sequence that the program attends to; 0: none. */
  readonly visible: number;
  readonly step: Tensor;
  /** For verification: position and number of all its tokens, in the first row. */
  readonly whole?: Tensor;
  /** For verification of drawn drafts: the drafts, and their drawing weights (see `acceptDrafts`). */
  readonly drafts?: Tensor | undefined;
  readonly draftWeights?: Tensor | undefined;
  readonly settings?: Tensor;
  readonly counts?: Tensor | undefined;
  readonly bias?: Tensor | undefined;
  readonly allowed?: Tensor | undefined;
  readonly peaks?: Tensor | undefined;
  readonly logits?: Tensor;
  readonly targets?: Tensor;
  /** For beam search (see `BeamStep`). */
  readonly scores?: Tensor;
  readonly ranks?: Tensor;
  readonly parents?: Tensor;
}

/**
 * What a prefill returns: logits of the last position, of all, log-probabilities of given next tokens, or the states of
 * all positions after the last norm.
 */
export type PrefillResult = "last" | "all" | "score" | "states";

/** What a prefill program depends on other than its length. */
export interface PrefillOptions {
  /** Tensors to keep, by name. */
  readonly taps?: ((name: string) => boolean) | undefined;
  /** Sequences in the batch whose cache it writes one row of; default 1. */
  readonly batch?: number;
  /** As in `SamplingKind`. */
  readonly guard?: number | undefined;
}

/** What sampling reads and writes other than the logits. */
type SamplingInputs = Required<Pick<RecordedProgram<unknown>, "bias" | "counts" | "allowed">> & {
  readonly step: Tensor;
  readonly settings: Tensor;
};

/** Key of the programs of a kind. */
export const keyOf = ({ biased, penalties, restricted, logprobs, guard = 0, weigh }: SamplingKind): string =>
  [!!biased, penalties, !!restricted, logprobs, guard, !!weigh].join(" ");

/** Maximum number of programs kept for lengths other than full chunks. */
const kept = 8;

/**
 * Records and keeps the programs of one decoder: a prefill for each length, a decode step for each batch size and
 * capacity bucket. All sessions of the model share them.
 */
export class DecoderPrograms {
  readonly decoder: Decoder;
  /** Longest sequence of a session in tokens: the capacity of its cache. */
  readonly capacity: number;
  /** How sessions keep keys and values. */
  readonly cache: Required<CacheOptions>;
  /** Tokens of the largest prefill chunk. */
  readonly longestChunk: number;
  readonly ropeTables: RopeTables | undefined;
  /** What layers with a state carry on; undefined: there are none. */
  readonly states: StateShape | undefined;
  readonly #programs = new Map<string, RecordedProgram<unknown>>();
  #kernels: typeof import("../../kernels/sampling/logprobs.ts") | undefined;

  constructor(decoder: Decoder, capacity: number, cache: Required<CacheOptions>) {
    this.decoder = decoder;
    this.capacity = capacity;
    this.cache = cache;
    this.states = stateShape(decoder.config);
    this.longestChunk = longestChunk(decoder.gpu, decoder.config);
    this.ropeTables = decoder.gpu.unscoped(() => createRopeTables(decoder, capacity));
  }

  /** Await before recording a program with log-probabilities or penalties: a page starts without their kernels. */
  async loadKernels({ logprobs, penalties }: Pick<SamplingKind, "logprobs" | "penalties">): Promise<void> {
    if (logprobs > 0 || penalties) this.#kernels ??= await import("../../kernels/sampling/logprobs.ts");
  }

  /** The kernels of log-probabilities and penalties. */
  get #loaded() {
    if (!this.#kernels) throw new TypeError("these kernels are not loaded");
    return this.#kernels;
  }

  /** Capacity buckets: 512, 1k, 2k, … up to the cache; grids are sized for the bucket of `length`. */
  visible(length: number): number {
    let bucket = 512;
    while (bucket < length) bucket *= 2;
    return Math.min(bucket, Math.ceil(this.capacity / 64) * 64);
  }

  /** The cache of a session of `batch` sequences. */
  cacheShape(batch: number): CacheShape {
    const { gpu, config } = this.decoder;
    return cacheShape(config, batch, this.capacity, this.cache, tokensAhead(gpu, config));
  }

  /** Computes `t` tokens of one sequence into its cache. */
  prefill(t: number, visible: number, which: PrefillResult, { taps, batch = 1, guard = 0 }: PrefillOptions = {}) {
    // With a contiguous cache a program gets one row's tensors; pages belong to the whole batch.
    const sharing = this.cache.layout === "paged" ? batch : 1;
    const key = taps ? undefined : `prefill ${t} ${visible} ${which} ${sharing} ${guard}`;
    return this.once(key, () => {
      const { gpu } = this.decoder;
      const ids = placeholder(gpu, [1, t], "u32", "token ids");
      const step = placeholder(gpu, [maxBatch, 4], "u32", "step");
      const targets = placeholder(gpu, [t], "u32", "next tokens");
      const { peaks, watch } = this.guarded(guard);
      const cache = placeholderCache(gpu, this.cacheShape(sharing), { rows: 1, visible });
      const states = this.states && placeholderStates(gpu, this.states, 1);
      const program = gpu.record(
        () => {
          const stream = forward(this.decoder, {
            ids,
            batch: 1,
            cache,
            states,
            ropeTables: this.ropeTables,
            place: { step },
            visible,
            watch,
          });
          if (which === "states") return { states: normedStates(this.decoder, stream, "all") };
          const result = logits(this.decoder, stream, which === "last" ? "last" : "all");
          if (which !== "score") return { logits: result };
          const flat = reshape(result, [t, this.decoder.config.vocabulary]);
          return { logprobs: this.#loaded.tokenLogprobs(gpu, { logits: flat, targets }).logprobs };
        },
        taps ? { taps } : {},
      );
      return { program, ids, cache, states, visible, step, peaks, ...(which === "score" ? { targets } : {}) };
    });
  }

  /** Chooses the next token of every row from given logits. */
  sample(batch: number, kind: SamplingKind): RecordedProgram<Sampled> {
    return this.once(`sample ${batch} ${keyOf({ ...kind, guard: 0 })}`, () => {
      const { gpu, config } = this.decoder;
      const given = placeholder(gpu, [batch, config.vocabulary], "f32", "logits");
      const inputs = this.samplingInputs(batch, kind);
      const program = gpu.record(() => this.choose(given, inputs, kind));
      return { program, cache: [], visible: 0, logits: given, ...inputs };
    });
  }

  /** One step of a batch: from each row's last token to its next. */
  decode(batch: number, visible: number, kind: SamplingKind): RecordedProgram<Sampled> {
    return this.once(`decode ${batch} ${visible} ${keyOf(kind)}`, () => {
      const { gpu, config } = this.decoder;
      const cache = placeholderCache(gpu, this.cacheShape(batch), { visible });
      const states = this.states && placeholderStates(gpu, this.states, batch);
      const inputs = this.samplingInputs(batch, kind);
      const { peaks, watch } = this.guarded(kind.guard);
      const program = gpu.record(() => {
        const place = { step: inputs.step };
        const { ropeTables } = this;
        const stream = forward(this.decoder, { batch, cache, states, ropeTables, place, visible, watch });
        const flat = reshape(logits(this.decoder, stream, "last"), [batch, config.vocabulary]);
        return this.choose(flat, inputs, kind);
      });
      return { program, cache, states, visible, peaks, ...inputs };
    });
  }

  /** The hook that checks layers, with a guard. */
  guarded(every = 0) {
    if (every === 0) return { peaks: undefined, watch: undefined };
    const peaks = placeholder(this.decoder.gpu, [this.decoder.config.layers], "u32", "peaks");
    return { peaks, watch: watchLayers(this.decoder, peaks, every) };
  }

  /** Placeholders for what sampling reads and writes. */
  samplingInputs(batch: number, { biased, penalties, restricted }: SamplingKind): SamplingInputs {
    const { gpu, config } = this.decoder;
    const { vocabulary } = config;
    return {
      step: placeholder(gpu, [maxBatch, 4], "u32", "step"),
      settings: placeholder(gpu, [maxBatch, 8], "f32", "settings"),
      bias: biased ? placeholder(gpu, [vocabulary], "f32", "logit bias") : undefined,
      counts: penalties ? placeholder(gpu, [batch, vocabulary], "u32", "counts") : undefined,
      allowed: restricted ? placeholder(gpu, [batch, wordsOf(vocabulary)], "u32", "allowed tokens") : undefined,
    };
  }

  /** Logits with bias and penalties, −∞ for banned tokens. */
  changed(raw: Tensor, { settings, bias, counts, allowed }: SamplingInputs): Tensor {
    const { gpu } = this.decoder;
    const biased = bias ? add(gpu, { a: raw, b: bias }).y : raw;
    const penalised = counts ? this.#loaded.penalise(gpu, { logits: biased, counts, settings }).y : biased;
    return allowed ? restrict(gpu, { logits: penalised, allowed }).y : penalised;
  }

  /** Draws a token for each row. */
  choose(raw: Tensor, inputs: SamplingInputs, kind: SamplingKind): Sampled {
    const { gpu } = this.decoder;
    const { step, settings, counts } = inputs;
    const logits = this.changed(raw, inputs);
    const weighed = kind.weigh?.(gpu, { logits, settings }, {});
    const { chosen } = sampleFinite(gpu, { logits, settings, step, counts }, { restricted: !!kind.restricted });
    return { ...this.reported(raw, chosen, kind), ...weighed };
  }

  /** The chosen tokens, with log-probabilities if requested. */
  reported(raw: Tensor, chosen: Tensor, { logprobs: n }: SamplingKind): Sampled {
    if (n === 0) return { chosen };
    return { chosen, top: this.#loaded.topLogprobs(this.decoder.gpu, { logits: raw, chosen }, { n }) };
  }

  /** The program with this key, recorded once; without a key, each time. */
  once<T>(key: string | undefined, record: () => RecordedProgram<T>): RecordedProgram<T> {
    if (key === undefined) return record();
    const known = this.#programs.get(key);
    if (known) {
      this.#programs.delete(key); // reinserted, so that the map's order is the order of use
      this.#programs.set(key, known);
      return known as RecordedProgram<T>;
    }
    const recorded = record();
    this.#programs.set(key, recorded);
    const prefills = [...this.#programs.keys()].filter((name) => name.startsWith("prefill"));
    for (const old of prefills.slice(0, Math.max(0, prefills.length - kept))) {
      this.#programs.get(old)?.program.dispose();
      this.#programs.delete(old);
    }
    return recorded;
  }

  /** Bytes of memory shared by the programs' temporaries. */
  get temporaryBytes(): number {
    return [...this.#programs.values()].reduce((sum, { program }) => sum + program.temporaryBytes, 0);
  }

  dispose(): void {
    for (const { program } of this.#programs.values()) program.dispose();
    this.#programs.clear();
    this.ropeTables?.all.dispose();
    this.ropeTables?.local?.dispose();
  }
}
