import { cachePairs, placeholderCache } from "../../blocks/kv-cache/cache.ts";
import { acceptDrafts, tokenWeights } from "../../kernels/sampling/accept-drafts.ts";
import { wordsOf } from "../../kernels/sampling/restrict.ts";
import { noToken } from "../../kernels/sampling/sample.ts";
import { maxBatch } from "../../kernels/step.ts";
import { forward, logits } from "../../models/decoders/decoder.ts";
import { placed, placeholder, replacements, type Tensor, zeros } from "../../tensor/tensor.ts";
import { reshape, slice } from "../../tensor/views.ts";
import {
  type DecoderPrograms,
  keyOf,
  type RecordedProgram,
  type Sampled,
  type SamplingKind,
} from "../session/programs.ts";
import type { BoundStep, SequenceState } from "../session/sequence-state.ts";
import { rowsFor } from "./options.ts";

/** The input of a step: tokens of the sequence that are not in the cache yet, and the position of the first. */
interface VerifiedTokens {
  readonly tokens: readonly number[];
  /** The token proposed after each of them, possibly none after the last ones. */
  readonly proposed: readonly number[];
  readonly position: number;
  readonly seed: number;
}

/**
 * The memory of verification in one session: inputs with several rows where a decode step has one, and the programs
 * bound to it. Settings, bias and peaks are the session's.
 */
export class Verifier {
  readonly #state: SequenceState;
  readonly #kind: VerificationKind;
  readonly #draftWeights: Tensor | undefined;
  readonly #drafts: Tensor | undefined;
  readonly #ids: Tensor;
  readonly #whole: Tensor;
  readonly #counts: Tensor | undefined;
  readonly #allowed: Tensor | undefined;
  /** Rows of the largest step. */
  readonly #rows: number;
  /** The contents of `counts`, and the tokens whose counts may differ between rows. */
  readonly #counted: Uint32Array<ArrayBuffer>;
  readonly #stale = new Set<number>();
  readonly #bound = new Map<RecordedProgram<Sampled>, BoundStep>();
  /** The cache's `moves` when these were bound. */
  #moves = 0;

  /** For steps of at most `drafted` proposed tokens; `draftWeights` are their drawing weights, if drawn. */
  constructor(state: SequenceState, kind: SamplingKind, drafted: number, draftWeights: Tensor | undefined) {
    const { gpu, config } = state.programs.decoder;
    const { vocabulary } = config;
    const make = (shape: readonly number[], label: string) => gpu.unscoped(() => zeros(gpu, shape, "u32", label));
    this.#state = state;
    this.#kind = { ...kind, drawn: draftWeights !== undefined };
    this.#draftWeights = draftWeights;
    const rows = rowsFor(drafted + 1);
    this.#rows = rows;
    this.#ids = make([1, rows], "token ids");
    this.#drafts = draftWeights && make([rows], "drafts");
    this.#whole = make([maxBatch, 4], "step of all tokens");
    this.#counts = kind.penalties ? make([rows, vocabulary], "token counts") : undefined;
    this.#allowed = kind.restricted ? make([rows, wordsOf(vocabulary)], "allowed tokens") : undefined;
    this.#counted = new Uint32Array(kind.penalties ? rows * vocabulary : 0);
  }

  /** Writes how often each token was seen before the first row, `[v]` (see `penalise`), into all rows. */
  async count(before: Uint32Array): Promise<void> {
    if (!this.#counts) return;
    for (let row = 0; row < this.#rows; row++) this.#counted.set(before, row * before.length);
    await this.#state.gpu.write(this.#counts.storage, 0, new Uint8Array(this.#counted.buffer));
  }

  /** Sets the counts of row i to those of `before` plus the first i drafts, writing only changes. */
  async recount(before: Uint32Array, drafts: readonly number[]): Promise<void> {
    if (!this.#counts) return;
    const touched = new Set([...this.#stale, ...drafts]);
    this.#stale.clear();
    for (const draft of drafts) this.#stale.add(draft);
    for (let row = 0; row < this.#rows; row++) {
      const own = drafts.slice(0, row);
      for (const token of touched) {
        const count = (before[token] ?? 0) + own.filter((draft) => draft === token).length;
        const at = row * before.length + token;
        if (this.#counted[at] === count) continue;
        this.#counted[at] = count;
        await this.#state.gpu.write(this.#counts.storage, 4 * at, new Uint8Array(Uint32Array.of(count).buffer));
      }
    }
  }

  /** Records the chosen tokens, and that sampling counted token i in row i; with drawn drafts, none is counted. */
  noteChosen(chosen: Uint32Array): void {
    const vocabulary = this.#counted.length / this.#rows;
    for (const [row, token] of chosen.entries()) {
      if (token >= vocabulary) continue;
      this.#stale.add(token);
      if (this.#kind.drawn) continue;
      const at = row * vocabulary + token;
      this.#counted[at] = (this.#counted[at] ?? 0) + 1;
    }
  }

  /** Writes the tokens allowed in row i (see `restrict`). */
  async allow(row: number, mask: Uint32Array<ArrayBuffer>): Promise<void> {
    if (this.#allowed)
      await this.#state.gpu.write(this.#allowed.storage, row * mask.byteLength, new Uint8Array(mask.buffer));
  }

  /** Writes the tokens of a step, and binds its program. */
  async prepare({ tokens, proposed, position, seed }: VerifiedTokens, stop: AbortSignal): Promise<BoundStep> {
    const { gpu, step } = this.#state;
    const rows = rowsFor(tokens.length);
    const ids = new Uint32Array(rows);
    const steps = new Uint32Array(4 * rows);
    for (let row = 0; row < rows; row++) {
      const at = Math.min(row, tokens.length - 1);
      ids[row] = tokens[at] ?? 0;
      steps.set([position + at, 1, ids[row] ?? 0, seed], 4 * row);
    }
    const whole = Uint32Array.of(position, tokens.length, 0, 0);
    await gpu.write(this.#ids.storage, 0, new Uint8Array(ids.buffer));
    await gpu.write(this.#whole.storage, 0, new Uint8Array(whole.buffer));
    await gpu.write(step.storage, 0, new Uint8Array(steps.buffer));
    if (this.#drafts) {
      const drafts = Uint32Array.from({ length: rows }, (_, row) => proposed[row] ?? noToken);
      await gpu.write(this.#drafts.storage, 0, new Uint8Array(drafts.buffer));
    }
    return await this.#bind(rows, position + tokens.length, stop);
  }

  async #bind(rows: number, length: number, stop: AbortSignal): Promise<BoundStep> {
    const state = this.#state;
    if (this.#moves !== state.cache.moves) this.#unbind();
    this.#moves = state.cache.moves;
    await state.programs.loadKernels(this.#kind);
    const recorded = verification(state.programs, rows, state.programs.visible(length), this.#kind);
    const known = this.#bound.get(recorded);
    if (known) return known;
    const before = performance.now();
    const pairs = cachePairs(recorded.cache, await state.cache.tensors(recorded.visible, undefined, rows));
    const own = (tensor: Tensor) => slice(tensor, 0, 0, rows);
    pairs.push([recorded.step, state.step]);
    if (recorded.ids) pairs.push([recorded.ids, slice(this.#ids, 1, 0, rows)]);
    if (recorded.whole) pairs.push([recorded.whole, this.#whole]);
    if (recorded.settings) pairs.push([recorded.settings, state.settings]);
    if (recorded.bias) pairs.push([recorded.bias, state.bias]);
    if (recorded.counts && this.#counts) pairs.push([recorded.counts, own(this.#counts)]);
    if (recorded.allowed && this.#allowed) pairs.push([recorded.allowed, own(this.#allowed)]);
    if (recorded.peaks) pairs.push([recorded.peaks, state.peaks]);
    if (recorded.drafts && this.#drafts) pairs.push([recorded.drafts, own(this.#drafts)]);
    if (recorded.draftWeights && this.#draftWeights) pairs.push([recorded.draftWeights, own(this.#draftWeights)]);
    const instance = await recorded.program.instantiate(replacements(pairs), state.gpu, stop);
    const { chosen, top } = recorded.program.result;
    const outputs = new Map(
      Object.entries({ chosen, ...top }).map(([name, tensor]) => [name, placed(instance, tensor)]),
    );
    if (recorded.peaks) outputs.set("peaks", state.peaks);
    const bound = { instance, outputs };
    this.#bound.set(recorded, bound);
    state.compileTime += performance.now() - before;
    return bound;
  }

  /** Compiles and binds the programs of every size, for a sequence of this length. */
  async warm(length: number, signal: AbortSignal): Promise<void> {
    for (let rows = 1; rows <= this.#rows; rows *= 2) await this.#bind(rows, length, signal);
  }

  #unbind(): void {
    for (const { instance } of this.#bound.values()) instance.dispose();
    this.#bound.clear();
  }

  /** Frees its memory once it is unused. */
  [Symbol.dispose](): void {
    this.#unbind();
    for (const tensor of [this.#ids, this.#drafts, this.#whole, this.#counts, this.#allowed]) tensor?.dispose();
  }
}

/** How tokens are verified. */
interface VerificationKind extends SamplingKind {
  /** True if drafts were drawn: they are accepted by min(1, p / q). Otherwise if a decode step would choose them. */
  readonly drawn: boolean;
}

/**
 * One step of one sequence over `tokens` tokens, and the next token after each: each has a row of `step` and of
 * sampling's inputs. It is bitwise the token that a decode step would choose, except after drawn drafts.
 */
function verification(
  programs: DecoderPrograms,
  tokens: number,
  visible: number,
  kind: VerificationKind,
): RecordedProgram<Sampled> {
  return programs.once(`verify ${tokens} ${visible} ${keyOf(kind)} ${kind.drawn}`, () => {
    const { decoder, ropeTables } = programs;
    const { gpu, config } = decoder;
    const { vocabulary } = config;
    const cache = placeholderCache(gpu, programs.cacheShape(1), { visible, readers: tokens });
    const ids = placeholder(gpu, [1, tokens], "u32", "token ids");
    const whole = placeholder(gpu, [maxBatch, 4], "u32", "step of all tokens");
    const inputs = programs.samplingInputs(tokens, kind);
    const { step, settings } = inputs;
    const { peaks, watch } = programs.guarded(kind.guard);
    const proposed = kind.drawn && {
      drafts: placeholder(gpu, [tokens], "u32", "drafts"),
      draftWeights: placeholder(gpu, [tokens, vocabulary], "u32", "weights of drafts"),
    };
    const program = gpu.record(() => {
      const place = { step: whole, apart: step };
      const stream = forward(decoder, { ids, batch: 1, cache, ropeTables, place, visible, watch });
      const raw = reshape(logits(decoder, stream, "all"), [tokens, vocabulary]);
      if (!proposed) return programs.choose(raw, inputs, kind);
      const changed = programs.changed(raw, inputs);
      const { weights } = tokenWeights(gpu, { logits: changed, settings }, { restricted: !!kind.restricted });
      return programs.reported(raw, acceptDrafts(gpu, { ...proposed, weights, step }).chosen, kind);
    });
    return { program, ids, cache, visible, whole, peaks, ...inputs, ...(proposed || {}) };
  });
}
