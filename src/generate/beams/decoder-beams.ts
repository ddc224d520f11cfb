import { cachePairs, placeholderCache } from "../../blocks/kv-cache/cache.ts";
import { maxBatch } from "../../kernels/step.ts";
import { forward, logits } from "../../models/decoders/decoder.ts";
import { placed, placeholder, replacements, type Tensor, type TensorPair, zeros } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import { firstChunk } from "../session/chunks.ts";
import type { DecoderPrograms, RecordedProgram } from "../session/programs.ts";
import type { BoundStep, SequenceState } from "../session/sequence-state.ts";
import type { computed } from "../session/step-results.ts";
import type { BeamModel, BeamPairs, BeamStep } from "./model.ts";
import { beamPairs, reorderCache } from "./pairs.ts";

/** What a search's programs depend on. */
interface BeamsKind {
  readonly beams: number;
  /** Pairs read back per source. */
  readonly pairs: number;
  /** True if tokens may be banned. */
  readonly restricted: boolean;
}

/** Results of a step's program; the one that reorders caches has none. */
interface PairResult {
  readonly ids?: Tensor;
  readonly totals?: Tensor;
}

/** The pairs of rows whose logits are inputs (`first`), or computed from each row's last token. */
function pairsProgram(
  programs: DecoderPrograms,
  rows: number,
  kind: BeamsKind,
  visible: number | undefined,
): RecordedProgram<PairResult> {
  const { beams, pairs, restricted } = kind;
  return programs.once(`beams ${rows} ${visible} ${beams} ${pairs} ${restricted}`, () => {
    const { decoder, ropeTables } = programs;
    const { gpu, config } = decoder;
    const { vocabulary } = config;
    const step = placeholder(gpu, [maxBatch, 4], "u32", "step");
    const scores = placeholder(gpu, [rows], "f32", "scores");
    const ranks = placeholder(gpu, [rows], "u32", "ranks");
    const allowed = restricted
      ? placeholder(gpu, [rows, Math.ceil(vocabulary / 32)], "u32", "allowed tokens")
      : undefined;
    const restrict = (logits: Tensor, allowed: Tensor) =>
      programs.changed(logits, { step, settings: step, bias: undefined, counts: undefined, allowed });
    const chosen = (given: Tensor) =>
      beamPairs(gpu, { logits: given, scores, ranks, allowed }, { beams, pairs, restrict });
    if (visible === undefined) {
      const given = placeholder(gpu, [rows, vocabulary], "f32", "logits");
      const program = gpu.record((): PairResult => chosen(given));
      return { program, cache: [], visible: 0, step, logits: given, scores, ranks, allowed };
    }
    const cache = placeholderCache(gpu, programs.cacheShape(rows), { visible });
    const program = gpu.record((): PairResult => {
      const stream = forward(decoder, { batch: rows, cache, ropeTables, place: { step }, visible });
      return chosen(reshape(logits(decoder, stream, "last"), [rows, vocabulary]));
    });
    return { program, cache, visible, step, scores, ranks, allowed };
  });
}

/** Copies the caches of parents to their rows. */
function reorderProgram(programs: DecoderPrograms, rows: number, visible: number): RecordedProgram<PairResult> {
  return programs.once(`reorder ${rows} ${visible}`, () => {
    const { gpu } = programs.decoder;
    const cache = placeholderCache(gpu, programs.cacheShape(rows), { visible });
    const step = placeholder(gpu, [maxBatch, 4], "u32", "step");
    const parents = placeholder(gpu, [rows], "u32", "parents");
    const program = gpu.record((): PairResult => {
      reorderCache(gpu, cache, { parents, step }, visible);
      return {};
    });
    return { program, cache, visible, step, parents };
  });
}

/**
 * A decoder in beams. Its memory is `state`, with `beams` rows per source; the prompts, of these `lengths`, have been
 * prefilled into the first ones.
 */
export class DecoderBeams {
  readonly #state: SequenceState;
  readonly #kind: BeamsKind;
  readonly #lengths: readonly number[];
  readonly #scores: Tensor;
  readonly #ranks: Tensor;
  readonly #parents: Tensor;
  readonly #bound = new Map<RecordedProgram<PairResult>, BoundStep>();
  /** The cache's `moves` when these were bound. */
  #moves = 0;
  /** Milliseconds to encode and submit each step. */
  readonly encoding: number[] = [];
  /** Dispatches of the last step, without those that reorder caches. */
  dispatches = 0;

  readonly #compute: typeof computed;

  constructor(state: SequenceState, lengths: readonly number[], kind: BeamsKind, compute: typeof computed) {
    const { gpu, batch } = state;
    const make = (dtype: "f32" | "u32", label: string) => gpu.unscoped(() => zeros(gpu, [batch], dtype, label));
    this.#state = state;
    this.#kind = kind;
    this.#lengths = lengths;
    this.#compute = compute;
    this.#scores = make("f32", "scores");
    this.#ranks = make("u32", "ranks");
    this.#parents = make("u32", "parents");
  }

  readonly step: BeamModel = async (step, stop) => {
    const state = this.#state;
    const { programs, batch } = state;
    const positions = Array.from({ length: batch }, (_, row) => this.#positionOf(row, step));
    const longest = 1 + Math.max(...positions);
    if (step.index === 1) await this.#growTo(step, positions);
    if (step.index > 0) await this.#reserve(step, (row) => (positions[row] ?? 0) + 1);
    await this.#write(step, positions);
    const visible = step.index > 0 ? programs.visible(longest) : undefined;
    if (visible !== undefined && step.moved) {
      const reorder = await this.#bind(reorderProgram(programs, batch, visible), stop);
      reorder.instance.run();
    }
    const recorded = pairsProgram(programs, batch, this.#kind, visible);
    const bound = await this.#bind(recorded, stop);
    this.dispatches = recorded.program.dispatches.length;
    const before = performance.now();
    const results = this.#compute(state, bound, stop);
    this.encoding.push(performance.now() - before);
    return (await results) as unknown as BeamPairs; // by the names of the results
  };

  /** The position of a row's last token. */
  #positionOf(row: number, { index }: BeamStep): number {
    return (this.#lengths[Math.floor(row / this.#kind.beams)] ?? 0) + index - 1;
  }

  async #reserve({ live }: BeamStep, lengthOf: (row: number) => number): Promise<void> {
    const rows = [...live.keys()].filter((row) => live[row] === 1);
    await this.#state.reserve(rows.map((row) => ({ row, length: lengthOf(row) })));
  }

  /** Grows the other rows of each source, which the prompt was not prefilled into, in steps like those of a prefill. */
  async #growTo(step: BeamStep, positions: readonly number[]): Promise<void> {
    for (let length = firstChunk; length < Math.max(...positions); length += firstChunk) {
      await this.#reserve(step, (row) => Math.min(length, positions[row] ?? 0));
    }
  }

  async #write({ live, last, parents, scores, ranks, allowed }: BeamStep, positions: readonly number[]): Promise<void> {
    const { gpu, step, allowed: bits } = this.#withBits();
    const rows = new Uint32Array(4 * live.length);
    for (const [row, lives] of live.entries()) rows.set([positions[row] ?? 0, lives, last[row] ?? 0, 0], 4 * row);
    await gpu.write(step.storage, 0, new Uint8Array(rows.buffer));
    await gpu.write(this.#scores.storage, 0, new Uint8Array(scores.buffer));
    await gpu.write(this.#ranks.storage, 0, new Uint8Array(ranks.buffer));
    await gpu.write(this.#parents.storage, 0, new Uint8Array(parents.buffer));
    if (allowed && bits) await gpu.write(bits.storage, 0, new Uint8Array(allowed.buffer));
  }

  #withBits() {
    const { gpu, step } = this.#state;
    return { gpu, step, allowed: this.#kind.restricted ? this.#state.allowed : undefined };
  }

  async #bind(recorded: RecordedProgram<PairResult>, stop: AbortSignal): Promise<BoundStep> {
    const state = this.#state;
    if (this.#moves !== state.cache.moves) this.#unbind();
    this.#moves = state.cache.moves;
    const known = this.#bound.get(recorded);
    if (known) return known;
    const before = performance.now();
    const pairs: TensorPair[] = cachePairs(recorded.cache, await state.cache.tensors(recorded.visible));
    pairs.push([recorded.step, state.step]);
    if (recorded.scores) pairs.push([recorded.scores, this.#scores]);
    if (recorded.ranks) pairs.push([recorded.ranks, this.#ranks]);
    if (recorded.parents) pairs.push([recorded.parents, this.#parents]);
    if (recorded.allowed) pairs.push([recorded.allowed, state.allowed]);
    if (recorded.logits) pairs.push([recorded.logits, state.logits]);
    const instance = await recorded.program.instantiate(replacements(pairs), state.gpu, stop);
    const results = Object.entries(recorded.program.result) as [string, Tensor][];
    const outputs = new Map(results.map(([name, tensor]) => [name, placed(instance, tensor)]));
    const bound = { instance, outputs };
    this.#bound.set(recorded, bound);
    state.compileTime += performance.now() - before;
    return bound;
  }

  #unbind(): void {
    for (const { instance } of this.#bound.values()) instance.dispose();
    this.#bound.clear();
  }

  /** Frees its memory once it is unused. */
  dispose(): void {
    this.#unbind();
    for (const tensor of [this.#parents, this.#ranks, this.#scores]) tensor.dispose();
  }
}
