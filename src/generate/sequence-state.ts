import { cachePairs, cacheRow, createCache, disposeCache, type KvCache } from "../blocks/kv-cache.ts";
import type { Instance } from "../gpu/gpu.ts";
import { mostTokens } from "../kernels/moe/grouped-layer.ts";
import { maxBatch } from "../kernels/step.ts";
import { cacheShape, widestRow } from "../models/config.ts";
import { assertRouted } from "../models/decoder.ts";
import { placed, replacements, type Tensor, zeros } from "../tensor/tensor.ts";
import { slice } from "../tensor/views.ts";
import type { DecoderPrograms, Recorded, Sampled, SamplingKind } from "./programs.ts";

/** Milliseconds that one submit of a prefill should take, so that pages draw and drivers do not reset. */
const submitTarget = 100;
/** Tokens of a prefill chunk: the first, and the bounds within which it adapts. */
const firstChunk = 128;
const smallestChunk = 32;
const largestChunk = 1024;

/** A decode step bound to one session's memory. */
export interface BoundStep {
  readonly instance: Instance<Sampled>;
  /** Results that are read back, in order. */
  readonly outputs: readonly Tensor[];
}

/**
 * The GPU memory of one or several sequences: cache, step, settings, counts. It computes tokens into the cache and
 * knows which are there; what the tokens mean is not its business.
 */
export class SequenceState {
  readonly programs: DecoderPrograms;
  readonly batch: number;
  readonly cache: KvCache;
  readonly step: Tensor;
  readonly settings: Tensor;
  readonly logits: Tensor;
  /** Tokens prefilled since the beginning, over all rows: what a conversation's next turn adds is its new tokens. */
  prefilled = 0;
  /** Milliseconds that compiling and binding programs took. */
  compileTime = 0;
  #counts: Tensor | undefined;
  readonly #prefillStep: Tensor;
  readonly #prefillIds: Tensor;
  readonly #targets: Tensor;
  readonly #bound = new Map<Recorded<Sampled>, BoundStep>();
  #chunk = firstChunk;

  constructor(programs: DecoderPrograms, batch: number) {
    const { gpu, config } = programs.decoder;
    const { vocabulary } = config;
    this.programs = programs;
    this.batch = batch;
    this.cache = createCache(gpu, cacheShape(config, batch, programs.capacity));
    this.step = zeros(gpu, [maxBatch, 4], "u32", "step");
    this.settings = zeros(gpu, [maxBatch, 8], "f32", "settings");
    this.logits = zeros(gpu, [batch, vocabulary], "f32", "logits");
    this.#prefillStep = zeros(gpu, [maxBatch, 4], "u32", "prefill step");
    this.#prefillIds = zeros(gpu, [1, largestChunk], "u32", "token ids");
    this.#targets = zeros(gpu, [largestChunk], "u32", "next tokens");
  }

  get gpu() {
    return this.programs.decoder.gpu;
  }

  /** Times that a token was seen, `[b, v]` (see `penalise`); made when first needed. */
  get counts(): Tensor {
    const { vocabulary } = this.programs.decoder.config;
    this.#counts ??= zeros(this.gpu, [this.batch, vocabulary], "u32", "token counts");
    return this.#counts;
  }

  /** Tokens of the largest chunk whose activations fit one binding of this device. */
  get #longestChunk(): number {
    const { config } = this.programs.decoder;
    const { width, mixture } = config;
    const rows = (rowWidth: number) => Math.floor(this.gpu.limits.binding / (4 * rowWidth));
    const dense = rows(widestRow(config));
    const { k } = mixture?.rule ?? { k: 1 };
    const routed = mixture ? mostTokens(rows(Math.max(width, mixture.hidden)), k, mixture.experts) : dense;
    const fitting = Math.min(dense, routed);
    return Math.max(1, Math.min(largestChunk, fitting - (fitting % 16) || fitting));
  }

  /**
   * Computes `ids`, which stand at `start` and after in row `row`, and leaves the last one's logits in `logits`. In
   * chunks, each one submit of about 100 ms; `signal` stops between chunks. Returns the tokens computed.
   */
  async prefill(row: number, ids: readonly number[], start: number, signal?: AbortSignal): Promise<number> {
    const { gpu } = this;
    let done = 0;
    while (done < ids.length && !signal?.aborted) {
      const t = Math.min(this.#chunk, this.#longestChunk, ids.length - done);
      const visible = this.programs.visible(start + done + t);
      const recorded = this.programs.prefill(t, visible, "last");
      const instance = await this.#bind(recorded, row);
      const result = placed(instance, (recorded.program.result as { logits: Tensor }).logits);
      await this.#writePrefill(ids.slice(done, done + t), start + done);
      const before = performance.now();
      instance.run((encoder) => {
        const { vocabulary } = this.programs.decoder.config;
        const from = result.storage.buffer;
        const to = this.logits.storage.buffer;
        if (from && to) encoder.copyBufferToBuffer(from, result.offset * 4, to, row * vocabulary * 4, vocabulary * 4);
      });
      await gpu.device.queue.onSubmittedWorkDone();
      gpu.assertUsable();
      this.#adapt(t, performance.now() - before);
      instance.dispose();
      done += t;
      this.prefilled += t;
    }
    return done;
  }

  /** Compiles the prefill programs for a prompt of `tokens` tokens. */
  async warmPrefill(tokens: number): Promise<void> {
    const full = Math.min(this.#chunk, this.#longestChunk);
    const lengths = new Set([Math.min(full, tokens), tokens % full].filter((length) => length > 0));
    for (const t of lengths)
      (await this.#bind(this.programs.prefill(t, this.programs.visible(tokens), "last"), 0)).dispose();
  }

  /** Log-probability of each of `ids` but the first, given those before it. Uses row 0 from the beginning. */
  async score(ids: readonly number[]): Promise<Float64Array> {
    const { vocabulary } = this.programs.decoder.config;
    const byLogits = Math.max(1, Math.floor(this.gpu.limits.binding / (4 * vocabulary)));
    const out = new Float64Array(Math.max(0, ids.length - 1));
    for (let at = 0; at < ids.length - 1; ) {
      const t = Math.min(this.#chunk, this.#longestChunk, byLogits, ids.length - 1 - at);
      const recorded = this.programs.prefill(t, this.programs.visible(at + t), "score");
      const instance = await this.#bind(recorded, 0);
      await this.#writePrefill(ids.slice(at, at + t), at);
      const targets = Uint32Array.from(ids.slice(at + 1, at + 1 + t));
      await this.gpu.write(this.#targets.storage, 0, new Uint8Array(targets.buffer));
      instance.run();
      out.set(await placed(instance, (recorded.program.result as { logprobs: Tensor }).logprobs).read(), at);
      instance.dispose();
      at += t;
    }
    await assertRouted(this.programs.decoder);
    return out;
  }

  /** Logits of the last position, or of every position, of `ids` from the beginning; taps by name where asked for. */
  async inspect(ids: readonly number[], which: "last" | "all", taps?: (name: string) => boolean) {
    const { vocabulary } = this.programs.decoder.config;
    const byLogits =
      which === "all" ? Math.max(1, Math.floor(this.gpu.limits.binding / (4 * vocabulary))) : largestChunk;
    const rows: Float64Array[] = [];
    const tapped = new Map<string, { shape: readonly number[]; values: Float64Array }[]>();
    for (let at = 0; at < ids.length; ) {
      const t = Math.min(firstChunk, this.#longestChunk, byLogits, ids.length - at);
      const recorded = this.programs.prefill(t, this.programs.visible(at + t), which, taps);
      const instance = await this.#bind(recorded, 0);
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
      instance.dispose();
      at += t;
    }
    return { logits: rows, taps: tapped };
  }

  async #bind(recorded: Recorded<unknown>, row: number): Promise<Instance<unknown>> {
    const before = performance.now();
    const pairs = cachePairs(recorded.cache, this.batch === 1 ? this.cache : cacheRow(this.cache, row));
    pairs.push([recorded.step, this.#prefillStep]);
    const { ids, targets } = recorded;
    if (ids) pairs.push([ids, slice(this.#prefillIds, 1, 0, ids.shape[1] ?? 0)]);
    if (targets) pairs.push([targets, slice(this.#targets, 0, 0, targets.shape[0] ?? 0)]);
    const instance = await recorded.program.instantiate(replacements(pairs));
    this.compileTime += performance.now() - before;
    return instance;
  }

  async #writePrefill(ids: readonly number[], position: number): Promise<void> {
    const { gpu } = this;
    await gpu.write(this.#prefillIds.storage, 0, new Uint8Array(Uint32Array.from(ids).buffer));
    const rows = Uint32Array.from([position, ids.length, 0, 0]);
    await gpu.write(this.#prefillStep.storage, 0, new Uint8Array(rows.buffer));
  }

  /** Grows or halves the chunk towards the time a submit should take. */
  #adapt(tokens: number, time: number): void {
    if (tokens < this.#chunk && time < submitTarget) return; // a short last chunk says little
    if (time > 2 * submitTarget) this.#chunk = Math.max(smallestChunk, this.#chunk / 2);
    else if (time < submitTarget / 2) this.#chunk = Math.min(largestChunk, this.#chunk * 2);
  }

  /** The sampling program on `logits`, or the decode step for sequences of up to `length` tokens, bound once. */
  async bound(which: "sample" | "decode", length: number, kind: SamplingKind): Promise<BoundStep> {
    const { programs, batch } = this;
    const recorded =
      which === "sample" ? programs.sample(batch, kind) : programs.decode(batch, programs.visible(length), kind);
    let bound = this.#bound.get(recorded);
    if (!bound) {
      const before = performance.now();
      const pairs = cachePairs(recorded.cache, this.cache);
      pairs.push([recorded.step, this.step]);
      if (recorded.settings) pairs.push([recorded.settings, this.settings]);
      if (recorded.counts) pairs.push([recorded.counts, this.counts]);
      if (recorded.logits) pairs.push([recorded.logits, this.logits]);
      const instance = await recorded.program.instantiate(replacements(pairs));
      const { chosen, top } = recorded.program.result;
      const logical = top ? [chosen, top.ids, top.logprobs, top.chosenLogprob] : [chosen];
      bound = { instance, outputs: logical.map((tensor) => placed(instance, tensor)) };
      this.#bound.set(recorded, bound);
      this.compileTime += performance.now() - before;
    }
    return bound;
  }

  /** Frees the memory of the sequences. */
  dispose(): void {
    disposeCache(this.cache);
    for (const { instance } of this.#bound.values()) instance.dispose();
    for (const tensor of [this.step, this.settings, this.logits, this.#counts]) tensor?.dispose();
    for (const tensor of [this.#prefillStep, this.#prefillIds, this.#targets]) tensor.dispose();
  }
}
