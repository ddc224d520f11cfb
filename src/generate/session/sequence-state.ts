import { cachePairs } from "../../blocks/kv-cache/cache.ts";
import type { RowLength } from "../../blocks/kv-cache/page-pool.ts";
import { SequenceCache } from "../../blocks/kv-cache/sequence-cache.ts";
import { checkpointTokens, StateCache, statePairs } from "../../blocks/state/cache.ts";
import type { Instance } from "../../gpu/gpu.ts";
import { wordsOf } from "../../kernels/sampling/restrict.ts";
import { maxBatch } from "../../kernels/step.ts";
import { unlessAborted } from "../../options/abort.ts";
import type { Shape } from "../../tensor/shape.ts";
import { placed, replacements, type Tensor, zeros } from "../../tensor/tensor.ts";
import { slice } from "../../tensor/views.ts";
import { firstChunk, maxChunk, minChunk } from "./chunks.ts";
import type { Lifetime } from "./lifetime.ts";
import type {
  DecoderPrograms,
  PrefillOptions,
  PrefillResult,
  RecordedProgram,
  Sampled,
  SamplingKind,
} from "./programs.ts";

/** Target for one submit of a prefill in milliseconds, so that pages can draw and drivers do not reset. */
const submitTarget = 100;

/** Options of a chunk. */
interface ChunkOptions {
  /** Default `last`. */
  readonly which?: PrefillResult;
  readonly taps?: ((name: string) => boolean) | undefined;
  readonly targets?: readonly number[];
}

/** A decode step bound to one session's memory. */
export interface BoundStep {
  readonly instance: Instance<unknown>;
  /** Results to read back, by name. */
  readonly outputs: ReadonlyMap<string, Tensor>;
  /** The drawing weights, which stay on the device, if its kind has `weigh`. */
  readonly weights?: Tensor | undefined;
}

/**
 * The GPU memory of one or several sequences: cache, step, settings, counts. It computes tokens into the cache and
 * tracks which are there; it does not interpret them.
 */
export class SequenceState {
  readonly programs: DecoderPrograms;
  readonly batch: number;
  readonly #lifetime: Lifetime;
  readonly cache: SequenceCache;
  /** What layers with a state carry on; undefined: the model has none. */
  readonly states: StateCache | undefined;
  readonly step: Tensor;
  readonly settings: Tensor;
  readonly logits: Tensor;
  /** Tokens prefilled since the session began, over all rows; a conversation's next turn adds only its new tokens. */
  prefilled = 0;
  /** Milliseconds spent compiling and binding programs. */
  compileTime = 0;
  #counts: Tensor | undefined;
  #bias: Tensor | undefined;
  #allowed: Tensor | undefined;
  #peaks: Tensor | undefined;
  readonly #prefillStep: Tensor;
  readonly #prefillIds: Tensor;
  readonly #targets: Tensor;
  readonly #bound = new Map<RecordedProgram<Sampled>, BoundStep>();
  #chunk = firstChunk;

  /** `lifetime` is the session's: computations here are uses of it. */
  constructor(programs: DecoderPrograms, batch: number, lifetime: Lifetime) {
    const { gpu, config } = programs.decoder;
    const { vocabulary } = config;
    this.programs = programs;
    this.batch = batch;
    this.#lifetime = lifetime;
    this.cache = new SequenceCache(gpu, programs.cacheShape(batch));
    this.states = programs.states && new StateCache(gpu, programs.states, batch);
    const make = (shape: Shape, dtype: "f32" | "u32", label: string) =>
      gpu.unscoped(() => zeros(gpu, shape, dtype, label));
    this.step = make([maxBatch, 4], "u32", "step");
    this.settings = make([maxBatch, 8], "f32", "settings");
    this.logits = make([batch, vocabulary], "f32", "logits");
    this.#prefillStep = make([maxBatch, 4], "u32", "prefill step");
    this.#prefillIds = make([1, maxChunk], "u32", "token ids");
    this.#targets = make([maxChunk], "u32", "next tokens");
  }

  get gpu() {
    return this.programs.decoder.gpu;
  }

  /** How often each token was seen, `[b, v]` (see `penalise`); made when first needed. */
  get counts(): Tensor {
    const shape = [this.batch, this.programs.decoder.config.vocabulary];
    this.#counts ??= this.gpu.unscoped(() => zeros(this.gpu, shape, "u32", "token counts"));
    return this.#counts;
  }

  /** The bias of the logits, `[v]`; made when first needed. */
  get bias(): Tensor {
    const { vocabulary } = this.programs.decoder.config;
    this.#bias ??= this.gpu.unscoped(() => zeros(this.gpu, [vocabulary], "f32", "logit bias"));
    return this.#bias;
  }

  /** The allowed tokens, as bits (see `restrict`); made when first needed. */
  get allowed(): Tensor {
    const shape = [this.batch, wordsOf(this.programs.decoder.config.vocabulary)];
    this.#allowed ??= this.gpu.unscoped(() => zeros(this.gpu, shape, "u32", "allowed tokens"));
    return this.#allowed;
  }

  /** The largest magnitudes after layers, as bits (see `magnitude`); made when first needed. */
  get peaks(): Tensor {
    const { layers } = this.programs.decoder.config;
    this.#peaks ??= this.gpu.unscoped(() => zeros(this.gpu, [layers], "u32", "peaks"));
    return this.#peaks;
  }

  /** Tokens in the next chunk, when `left` remain and a chunk may have at most `most`. */
  #chunkOf(left: number, most = maxChunk): number {
    return Math.min(this.#chunk, this.programs.longestChunk, left, most);
  }

  /** Bytes of keys, values and states; of keys and values also the most so far. */
  get memory(): { readonly bytes: number; readonly peakBytes: number } {
    const carried = this.states?.bytes ?? 0;
    return { bytes: this.cache.bytes + carried, peakBytes: this.cache.peakBytes + carried };
  }

  /**
   * Prepares a row to go on after its first `position` tokens. Returns the position that it can go on from: an earlier
   * one where a layer no longer holds the window before `position`, or has no state of it.
   */
  async resume(row: number, position: number): Promise<number> {
    const held = this.states?.resume(row, position) ?? position;
    const start = await this.cache.resume(row, held);
    return start === held ? start : (this.states?.resume(row, start) ?? start);
  }

  /** Makes room for rows to grow to these lengths, by at most a chunk. Throws `GpuError` when memory runs out. */
  async reserve(lengths: readonly RowLength[]): Promise<void> {
    await this.#grow(() => this.cache.reserve(lengths));
  }

  /** Growing moved the cache, so steps must be bound again. */
  async #grow(grow: () => Promise<boolean>): Promise<void> {
    let moved = true; // assumed so if it fails
    try {
      moved = await grow();
    } finally {
      if (moved) {
        for (const { instance } of this.#bound.values()) instance.dispose();
        this.#bound.clear();
      }
    }
  }

  /**
   * Computes `ids`, at positions `start` onwards of row `row`, and leaves the last one's logits in `logits`. Works in
   * chunks, each one submit of about 100 ms; `signal` stops between chunks. Returns the number of tokens computed. The
   * cache must still have the row's tokens before `start`: see `resume`.
   */
  async prefill(
    row: number,
    ids: readonly number[],
    start: number,
    signal?: AbortSignal,
    guard?: number,
  ): Promise<number> {
    using _use = this.#lifetime.use();
    const { gpu } = this;
    let done = 0;
    await this.#grow(() => this.cache.expect([{ row, length: start + ids.length }]));
    while (done < ids.length && !signal?.aborted) {
      const t = this.#chunkOf(ids.length - done);
      const begin = start + done;
      await this.reserve([{ row, length: begin + t }]);
      const recorded = this.#prefill(t, begin + t, "last", { guard });
      try {
        using instance = await this.#bind(recorded, row, signal);
        this.#enter(row, begin, begin + t === start + ids.length);
        const result = placed(instance, (recorded.program.result as { logits: Tensor }).logits);
        await this.#writePrefill(ids.slice(done, done + t), begin);
        const before = performance.now();
        instance.run((encoder) => {
          const { vocabulary } = this.programs.decoder.config;
          const from = result.storage.buffer;
          const to = this.logits.storage.buffer;
          if (from && to) encoder.copyBufferToBuffer(from, result.offset * 4, to, row * vocabulary * 4, vocabulary * 4);
          this.states?.store(encoder, row);
        });
        this.states?.moved(row, begin + t);
        done += t;
        this.prefilled += t;
        await unlessAborted(gpu.reports.soon(gpu.device.queue.onSubmittedWorkDone()), signal);
        gpu.assertUsable();
        this.#adapt(t, performance.now() - before);
      } catch (error) {
        if (signal?.aborted && error === signal.reason) break;
        throw error;
      }
    }
    if (done === ids.length && done > 0) this.states?.keep("latest", [row]);
    return done;
  }

  /** Before a chunk of a row from `position` on: its states, of which the last chunk of a prompt keeps a copy. */
  #enter(row: number, position: number, isLast: boolean): void {
    const { states } = this;
    if (!states) return;
    states.enter(row, position);
    if (isLast && position > 0) states.keep("chunk", [row]);
    this.gpu.submit((encoder) => states.load(encoder, row));
  }

  /** After a decode step that was submitted, in which these rows grew to these lengths. */
  stepped(rows: readonly RowLength[]): void {
    const { states } = this;
    if (!states) return;
    for (let row = 0; row < this.batch; row++) states.moved(row, undefined);
    for (const { row, length } of rows) states.moved(row, length);
    if (rows.some(({ length }) => length % checkpointTokens === 0))
      states.keep(
        "latest",
        rows.map(({ row }) => row),
      );
  }

  /** Compiles the prefill programs for a prompt of `tokens` tokens, and grows the cache for one such prompt per row. */
  async warmPrefill(tokens: number, guard?: number): Promise<void> {
    using _use = this.#lifetime.use();
    const { signal } = this.#lifetime;
    const rows = Array.from({ length: this.batch }, (_, row) => ({ row, length: tokens }));
    await this.#grow(() => this.cache.expect(rows));
    const full = this.#chunkOf(maxChunk);
    const lengths = new Set([Math.min(full, tokens), tokens % full].filter((length) => length > 0));
    for (const t of lengths) (await this.#bind(this.#prefill(t, tokens, "last", { guard }), 0, signal)).dispose();
  }

  /** The program that computes `t` tokens up to a cache length of `length`. */
  #prefill(t: number, length: number, which: PrefillResult, options: PrefillOptions): RecordedProgram<unknown> {
    return this.programs.prefill(t, this.programs.visible(length), which, { ...options, batch: this.batch });
  }

  /** A use of the memory, until it is disposed. Throws `GpuError` once the session was disposed. */
  use(): { [Symbol.dispose](): void } {
    return this.#lifetime.use();
  }

  /** Aborted once the session is disposed. */
  get signal(): AbortSignal {
    return this.#lifetime.signal;
  }

  /** Tokens in the next chunk of `left`, at most `most`. */
  chunkOf(left: number, most = firstChunk): number {
    return Math.min(this.programs.longestChunk, left, most);
  }

  /**
   * Computes `ids` at positions `at` onwards of row 0, as one chunk, and passes the program, bound to the session's
   * memory, to `run`, which runs it and reads what it needs. `targets` are the tokens to score.
   */
  async chunk<T>(
    ids: readonly number[],
    at: number,
    { which = "last", taps, targets }: ChunkOptions,
    run: (instance: Instance<unknown>, recorded: RecordedProgram<unknown>) => Promise<T>,
  ): Promise<T> {
    using _use = this.use();
    const length = at + ids.length;
    await this.reserve([{ row: 0, length }]);
    const recorded = this.#prefill(ids.length, length, which, { taps });
    using instance = await this.#bind(recorded, 0, this.signal);
    await this.#writePrefill(ids, at);
    this.#enter(0, at, false);
    if (targets) await this.gpu.write(this.#targets.storage, 0, new Uint8Array(Uint32Array.from(targets).buffer));
    this.states?.moved(0, undefined); // unless it runs to its end
    const result = await run(instance, recorded);
    this.gpu.submit((encoder) => this.states?.store(encoder, 0));
    this.states?.moved(0, length);
    this.signal.throwIfAborted();
    return result;
  }

  async #bind(recorded: RecordedProgram<unknown>, row: number, signal?: AbortSignal): Promise<Instance<unknown>> {
    const before = performance.now();
    const pairs = cachePairs(recorded.cache, await this.cache.tensors(recorded.visible, row));
    pairs.push([recorded.step, this.#prefillStep]);
    if (recorded.states && this.states) pairs.push(...statePairs(recorded.states, this.states.row()));
    const { ids, targets, peaks } = recorded;
    if (peaks) pairs.push([peaks, this.peaks]);
    if (ids) pairs.push([ids, slice(this.#prefillIds, 1, 0, ids.shape[1] ?? 0)]);
    if (targets) pairs.push([targets, slice(this.#targets, 0, 0, targets.shape[0] ?? 0)]);
    const instance = await recorded.program.instantiate(replacements(pairs), this.gpu, signal);
    this.compileTime += performance.now() - before;
    return instance;
  }

  async #writePrefill(ids: readonly number[], position: number): Promise<void> {
    const { gpu } = this;
    await gpu.write(this.#prefillIds.storage, 0, new Uint8Array(Uint32Array.from(ids).buffer));
    await gpu.write(this.#prefillStep.storage, 0, new Uint8Array(Uint32Array.of(position, ids.length, 0, 0).buffer));
  }

  /** Grows or halves the chunk towards the target time of a submit. */
  #adapt(tokens: number, time: number): void {
    if (tokens < this.#chunk && time < submitTarget) return; // a short last chunk says little
    if (time > 2 * submitTarget) this.#chunk = Math.max(minChunk, this.#chunk / 2);
    else if (time < submitTarget / 2) this.#chunk = Math.min(maxChunk, this.#chunk * 2);
  }

  /** The sampling program on `logits`, or the decode step for sequences of up to `length` tokens, bound once. */
  async bound(
    which: "sample" | "decode",
    length: number,
    kind: SamplingKind,
    signal?: AbortSignal,
  ): Promise<BoundStep> {
    using _use = this.#lifetime.use();
    const { programs, batch } = this;
    await programs.loadKernels(kind);
    const recorded =
      which === "sample" ? programs.sample(batch, kind) : programs.decode(batch, programs.visible(length), kind);
    let bound = this.#bound.get(recorded);
    if (!bound) {
      const before = performance.now();
      const pairs = cachePairs(recorded.cache, await this.cache.tensors(recorded.visible));
      pairs.push([recorded.step, this.step]);
      if (recorded.states && this.states) pairs.push(...statePairs(recorded.states, this.states.states));
      if (recorded.settings) pairs.push([recorded.settings, this.settings]);
      if (recorded.bias) pairs.push([recorded.bias, this.bias]);
      if (recorded.counts) pairs.push([recorded.counts, this.counts]);
      if (recorded.allowed) pairs.push([recorded.allowed, this.allowed]);
      if (recorded.peaks) pairs.push([recorded.peaks, this.peaks]);
      if (recorded.logits) pairs.push([recorded.logits, this.logits]);
      const instance = await recorded.program.instantiate(replacements(pairs), this.gpu, signal);
      const { chosen, top, weights } = recorded.program.result;
      const outputs = new Map(Object.entries({ chosen, ...top }).map(([name, x]) => [name, placed(instance, x)]));
      if (recorded.peaks) outputs.set("peaks", this.peaks);
      bound = { instance, outputs, weights: weights && placed(instance, weights) };
      this.#bound.set(recorded, bound);
      this.compileTime += performance.now() - before;
    }
    return bound;
  }

  /** Frees the memory of the sequences once it is unused, last allocated first (see `BufferPool.giveAll`). */
  free(): void {
    for (const { instance } of [...this.#bound.values()].reverse()) instance.dispose();
    for (const tensor of [this.#peaks, this.#allowed, this.#bias, this.#counts]) tensor?.dispose();
    for (const tensor of [this.#targets, this.#prefillIds, this.#prefillStep]) tensor.dispose();
    for (const tensor of [this.logits, this.settings, this.step]) tensor.dispose();
    this.states?.dispose();
    this.cache.dispose();
  }
}
