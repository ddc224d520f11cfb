import { cachePairs } from "../blocks/kv-cache/cache.ts";
import type { RowLength } from "../blocks/kv-cache/page-pool.ts";
import { SequenceCache } from "../blocks/kv-cache/sequence-cache.ts";
import type { Instance } from "../gpu/gpu.ts";
import { maxBatch } from "../kernels/step.ts";
import { assertRouted, notFiniteError } from "../models/decoder.ts";
import { unlessAborted } from "../options/abort.ts";
import type { Shape } from "../tensor/shape.ts";
import { placed, replacements, type Tensor, zeros } from "../tensor/tensor.ts";
import { slice } from "../tensor/views.ts";
import { firstChunk, largestChunk, smallestChunk } from "./chunks.ts";
import type { Lifetime } from "./lifetime.ts";
import type { Fault } from "./probe.ts";
import type { DecoderPrograms, PrefillResult, Recorded, Sampled, SamplingKind } from "./programs.ts";

/** Target for one submit of a prefill in milliseconds, so that pages can draw and drivers do not reset. */
const submitTarget = 100;

/** A decode step bound to one session's memory. */
export interface BoundStep {
  readonly instance: Instance<Sampled>;
  /** Results to read back, in order. */
  readonly outputs: readonly Tensor[];
}

/**
 * The GPU memory of one or several sequences: cache, step, settings, counts. It computes tokens into the cache and
 * keeps track of which are there; it does not interpret them.
 */
export class SequenceState {
  readonly programs: DecoderPrograms;
  readonly batch: number;
  readonly #lifetime: Lifetime;
  readonly cache: SequenceCache;
  readonly step: Tensor;
  readonly settings: Tensor;
  readonly logits: Tensor;
  /** Tokens prefilled since the session began, over all rows; a conversation's next turn adds only its new tokens. */
  prefilled = 0;
  /** Milliseconds spent compiling and binding programs. */
  compileTime = 0;
  #counts: Tensor | undefined;
  readonly #prefillStep: Tensor;
  readonly #prefillIds: Tensor;
  readonly #targets: Tensor;
  readonly #bound = new Map<Recorded<Sampled>, BoundStep>();
  #chunk = firstChunk;

  /** `lifetime` is the session's: what computes here uses it. */
  constructor(programs: DecoderPrograms, batch: number, lifetime: Lifetime) {
    const { gpu, config } = programs.decoder;
    const { vocabulary } = config;
    this.programs = programs;
    this.batch = batch;
    this.#lifetime = lifetime;
    this.cache = new SequenceCache(gpu, programs.cacheShape(batch));
    const make = (shape: Shape, dtype: "f32" | "u32", label: string) =>
      gpu.unscoped(() => zeros(gpu, shape, dtype, label));
    this.step = make([maxBatch, 4], "u32", "step");
    this.settings = make([maxBatch, 8], "f32", "settings");
    this.logits = make([batch, vocabulary], "f32", "logits");
    this.#prefillStep = make([maxBatch, 4], "u32", "prefill step");
    this.#prefillIds = make([1, largestChunk], "u32", "token ids");
    this.#targets = make([largestChunk], "u32", "next tokens");
  }

  get gpu() {
    return this.programs.decoder.gpu;
  }

  /** How often each token was seen, `[b, v]` (see `penalise`); made when first needed. */
  get counts(): Tensor {
    const { vocabulary } = this.programs.decoder.config;
    const shape = [this.batch, vocabulary];
    this.#counts ??= this.gpu.unscoped(() => zeros(this.gpu, shape, "u32", "token counts"));
    return this.#counts;
  }

  /** Tokens in the next chunk, when `left` remain and a chunk may have at most `most`. */
  #chunkOf(left: number, most = largestChunk): number {
    return Math.min(this.#chunk, this.programs.longestChunk, left, most);
  }

  /** Makes room for rows to grow to these lengths, by at most a chunk. Throws `GpuError` when memory runs out. */
  async reserve(lengths: readonly RowLength[]): Promise<void> {
    await this.#grow(() => this.cache.reserve(lengths));
  }

  /** Growing moved the cache, so steps are bound again. */
  async #grow(grow: () => Promise<boolean>): Promise<void> {
    let moved = true; // or so it must be taken where it failed
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
   * cache must still hold the row's tokens before `start`: see `SequenceCache.resume`.
   */
  async prefill(row: number, ids: readonly number[], start: number, signal?: AbortSignal): Promise<number> {
    using _use = this.#lifetime.use();
    const { gpu } = this;
    let done = 0;
    await this.#grow(() => this.cache.expect([{ row, length: start + ids.length }]));
    while (done < ids.length && !signal?.aborted) {
      const t = this.#chunkOf(ids.length - done);
      const begin = start + done;
      await this.reserve([{ row, length: begin + t }]);
      const recorded = this.#prefill(t, begin + t, "last");
      try {
        using instance = await this.#bind(recorded, row, signal);
        const result = placed(instance, (recorded.program.result as { logits: Tensor }).logits);
        await this.#writePrefill(ids.slice(done, done + t), begin);
        const before = performance.now();
        instance.run((encoder) => {
          const { vocabulary } = this.programs.decoder.config;
          const from = result.storage.buffer;
          const to = this.logits.storage.buffer;
          if (from && to) encoder.copyBufferToBuffer(from, result.offset * 4, to, row * vocabulary * 4, vocabulary * 4);
        });
        done += t;
        this.prefilled += t;
        await unlessAborted(gpu.device.queue.onSubmittedWorkDone(), signal);
        gpu.assertUsable();
        this.#adapt(t, performance.now() - before);
      } catch (error) {
        if (signal?.aborted && error === signal.reason) break;
        throw error;
      }
    }
    return done;
  }

  /** Compiles the prefill programs for a prompt of `tokens` tokens, and grows the cache for one such prompt per row. */
  async warmPrefill(tokens: number): Promise<void> {
    using _use = this.#lifetime.use();
    const { signal } = this.#lifetime;
    const rows = Array.from({ length: this.batch }, (_, row) => ({ row, length: tokens }));
    await this.#grow(() => this.cache.expect(rows));
    const full = this.#chunkOf(largestChunk);
    const lengths = new Set([Math.min(full, tokens), tokens % full].filter((length) => length > 0));
    for (const t of lengths) (await this.#bind(this.#prefill(t, tokens, "last"), 0, signal)).dispose();
  }

  /** The program that computes `t` tokens, after which the cache holds `length`. */
  #prefill(t: number, length: number, which: PrefillResult, taps?: (name: string) => boolean): Recorded<unknown> {
    return this.programs.prefill(t, this.programs.visible(length), which, { taps, batch: this.batch });
  }

  /** Log-probability of each of `ids` but the first, given those before it. Overwrites row 0 from its beginning. */
  async score(ids: readonly number[]): Promise<Float64Array> {
    using _use = this.#lifetime.use();
    const { signal } = this.#lifetime;
    const { vocabulary } = this.programs.decoder.config;
    const byLogits = Math.max(1, Math.floor(this.gpu.limits.binding / (4 * vocabulary)));
    const out = new Float64Array(Math.max(0, ids.length - 1));
    for (let at = 0; at < ids.length - 1; ) {
      const t = this.#chunkOf(ids.length - 1 - at, byLogits);
      await this.reserve([{ row: 0, length: at + t }]);
      const recorded = this.#prefill(t, at + t, "score");
      using instance = await this.#bind(recorded, 0, signal);
      await this.#writePrefill(ids.slice(at, at + t), at);
      const targets = Uint32Array.from(ids.slice(at + 1, at + 1 + t));
      await this.gpu.write(this.#targets.storage, 0, new Uint8Array(targets.buffer));
      instance.run();
      out.set(await placed(instance, (recorded.program.result as { logprobs: Tensor }).logprobs).read(), at);
      signal.throwIfAborted();
      at += t;
    }
    const { decoder } = this.programs;
    await assertRouted(decoder);
    const wrong = out.findIndex(Number.isNaN);
    if (wrong >= 0) throw await notFiniteError(decoder, `the logits after ${wrong + 1} tokens`);
    return out;
  }

  /** The first result of a prefill of `ids` that is not finite. */
  async probe(ids: readonly number[]): Promise<Fault | undefined> {
    using _use = this.#lifetime.use();
    const { firstFault } = await import("./probe.ts"); // a page that looks for no fault does not load it
    for (let at = 0; at < ids.length; ) {
      const t = Math.min(firstChunk, this.programs.longestChunk, ids.length - at);
      await this.reserve([{ row: 0, length: at + t }]);
      using instance = await this.#bind(this.#prefill(t, at + t, "last"), 0, this.#lifetime.signal);
      await this.#writePrefill(ids.slice(at, at + t), at);
      const fault = await firstFault(instance);
      if (fault) return fault;
      at += t;
    }
    return undefined;
  }

  /**
   * Logits of the last position, or of every position, of `ids` from the beginning, with the taps named in the options.
   */
  async inspect(ids: readonly number[], which: "last" | "all", taps?: (name: string) => boolean) {
    using _use = this.#lifetime.use();
    const { signal } = this.#lifetime;
    const { vocabulary } = this.programs.decoder.config;
    const byLogits =
      which === "all" ? Math.max(1, Math.floor(this.gpu.limits.binding / (4 * vocabulary))) : largestChunk;
    const rows: Float64Array[] = [];
    const tapped = new Map<string, { shape: readonly number[]; values: Float64Array }[]>();
    for (let at = 0; at < ids.length; ) {
      const t = Math.min(firstChunk, this.programs.longestChunk, byLogits, ids.length - at);
      await this.reserve([{ row: 0, length: at + t }]);
      const recorded = this.#prefill(t, at + t, which, taps);
      using instance = await this.#bind(recorded, 0, signal);
      await this.#writePrefill(ids.slice(at, at + t), at);
      instance.run();
      const values = await placed(instance, (recorded.program.result as { logits: Tensor }).logits).read();
      const all = Array.from({ length: values.length / vocabulary }, (_, i) =>
        values.subarray(i * vocabulary, (i + 1) * vocabulary),
      );
      if (which === "all") rows.push(...all);
      else rows.splice(0, 1, ...all);
      for (const [name, holder] of recorded.program.taps) {
        const tensor = placed(instance, holder as Tensor);
        tapped.set(name, [...(tapped.get(name) ?? []), { shape: tensor.shape, values: await tensor.read() }]);
      }
      signal.throwIfAborted();
      at += t;
    }
    return { logits: rows, taps: tapped };
  }

  async #bind(recorded: Recorded<unknown>, row: number, signal?: AbortSignal): Promise<Instance<unknown>> {
    const before = performance.now();
    const pairs = cachePairs(recorded.cache, await this.cache.tensors(recorded.visible, row));
    pairs.push([recorded.step, this.#prefillStep]);
    const { ids, targets } = recorded;
    if (ids) pairs.push([ids, slice(this.#prefillIds, 1, 0, ids.shape[1] ?? 0)]);
    if (targets) pairs.push([targets, slice(this.#targets, 0, 0, targets.shape[0] ?? 0)]);
    const instance = await recorded.program.instantiate(replacements(pairs), this.gpu, signal);
    this.compileTime += performance.now() - before;
    return instance;
  }

  async #writePrefill(ids: readonly number[], position: number): Promise<void> {
    const { gpu } = this;
    await gpu.write(this.#prefillIds.storage, 0, new Uint8Array(Uint32Array.from(ids).buffer));
    const rows = Uint32Array.from([position, ids.length, 0, 0]);
    await gpu.write(this.#prefillStep.storage, 0, new Uint8Array(rows.buffer));
  }

  /** Grows or halves the chunk towards the target time of a submit. */
  #adapt(tokens: number, time: number): void {
    if (tokens < this.#chunk && time < submitTarget) return; // a short last chunk says little
    if (time > 2 * submitTarget) this.#chunk = Math.max(smallestChunk, this.#chunk / 2);
    else if (time < submitTarget / 2) this.#chunk = Math.min(largestChunk, this.#chunk * 2);
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
    const recorded =
      which === "sample" ? programs.sample(batch, kind) : programs.decode(batch, programs.visible(length), kind);
    let bound = this.#bound.get(recorded);
    if (!bound) {
      const before = performance.now();
      const pairs = cachePairs(recorded.cache, await this.cache.tensors(recorded.visible));
      pairs.push([recorded.step, this.step]);
      if (recorded.settings) pairs.push([recorded.settings, this.settings]);
      if (recorded.counts) pairs.push([recorded.counts, this.counts]);
      if (recorded.logits) pairs.push([recorded.logits, this.logits]);
      const instance = await recorded.program.instantiate(replacements(pairs), this.gpu, signal);
      const { chosen, top } = recorded.program.result;
      const logical = top ? [chosen, top.ids, top.logprobs, top.chosenLogprob, top.chosenRank] : [chosen];
      bound = { instance, outputs: logical.map((tensor) => placed(instance, tensor)) };
      this.#bound.set(recorded, bound);
      this.compileTime += performance.now() - before;
    }
    return bound;
  }

  /** Frees the memory of the sequences; called once nothing uses it. */
  free(): void {
    this.cache.dispose();
    for (const { instance } of this.#bound.values()) instance.dispose();
    for (const tensor of [this.step, this.settings, this.logits, this.#counts]) tensor?.dispose();
    for (const tensor of [this.#prefillStep, this.#prefillIds, this.#targets]) tensor.dispose();
  }
}
