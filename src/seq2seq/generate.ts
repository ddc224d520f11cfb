import { inFlight } from "../generate/session/chunks.ts";
import type { Row } from "../generate/session/row.ts";
import { awaited, discard, type ReadBack, readBack, submitStep } from "../generate/session/step-results.ts";
import { GpuError } from "../gpu/errors.ts";
import { wordsOf } from "../kernels/sampling/restrict.ts";
import { notFinite } from "../kernels/sampling/sample.ts";
import { packSettings } from "../kernels/sampling/settings.ts";
import { maxBatch } from "../kernels/step.ts";
import { placed, type Tensor, type TensorPair, zeros } from "../tensor/tensor.ts";
import { allowedAfter, forcedToken, isRestricted, type TokenRules } from "./allowed.ts";
import { type CrossRows, tappedOf, tapsOfRow } from "./cross-rows.ts";
import type { Group } from "./group.ts";
import type { ResolvedSequence } from "./options.ts";
import type { SequencePrograms, StepProgram } from "./programs.ts";
import type { SequenceAttention } from "./results.ts";

/** How rows are drawn. */
export interface DrawOptions extends Pick<ResolvedSequence, "temperature" | "topK" | "topP" | "repetitionPenalty"> {
  readonly rules: TokenRules;
  /** The token that every row begins with. */
  readonly start: number;
  /** Maximum tokens of a row, and the stop reason at that length. */
  readonly most: number;
  readonly limitReason: "length" | "context";
  /** One per row. */
  readonly seeds: readonly number[];
  /** Computes each token's attention to its source; unset: steps tap nothing. */
  readonly cross?: CrossRows | undefined;
  /** Called with each token of a row, by its index in the group. */
  readonly onToken: (row: number, token: number | undefined, text: string, attention?: SequenceAttention) => void;
}

/** Times of a group in milliseconds. */
export interface DrawTimings {
  /** From the first token read to the last. */
  readonly decode: number;
  /** Steps read. */
  readonly steps: number;
}

/** A step bound to a group's memory. */
interface BoundStep {
  readonly recorded: StepProgram;
  readonly instance: Awaited<ReturnType<Group["bind"]>>;
  readonly outputs: ReadonlyMap<string, Tensor>;
}

/**
 * Draws tokens for every row of a group until all have ended: each step feeds every row's last token, the first step
 * the start token. Throws the reason of `stop` once it aborts, and `GpuError` for logits that are not finite.
 */
export async function draw(
  programs: SequencePrograms,
  group: Group,
  rows: readonly Row[],
  options: DrawOptions,
  stop: AbortSignal,
): Promise<DrawTimings> {
  const { gpu } = group;
  const { rules, start, most, cross, onToken } = options;
  const taps = cross?.taps ?? [];
  const { vocabulary } = rules;
  const kind = { restricted: isRestricted(rules), penalties: options.repetitionPenalty !== 1, taps };
  const own: { dispose(): void }[] = [];
  const made = (shape: readonly number[], dtype: "u32" | "f32", label: string) => {
    const one = gpu.unscoped(() => zeros(gpu, shape, dtype, label));
    own.push(one);
    return one;
  };
  const settings = made([maxBatch, 8], "f32", "settings");
  const words = wordsOf(vocabulary);
  const allowed = kind.restricted ? made([rows.length, words], "u32", "allowed tokens") : undefined;
  const counts = kind.penalties ? made([rows.length, vocabulary], "u32", "counts") : undefined;
  let bound: BoundStep | undefined;
  const pending: ReadBack[] = [];
  const live = () => rows.filter(({ stopReason }) => stopReason === undefined);

  /** The step for rows of this length, bound once. */
  const stepFor = async (length: number): Promise<BoundStep> => {
    const recorded = programs.step(group.sizeOf(length), kind);
    if (bound?.recorded === recorded) return bound;
    const pairs: TensorPair[] = [[recorded.settings, settings]];
    if (recorded.allowed && allowed) pairs.push([recorded.allowed, allowed]);
    if (recorded.counts && counts) pairs.push([recorded.counts, counts]);
    const instance = await group.bind(recorded, pairs, stop);
    own.push(instance);
    const chosen = ["chosen", placed(instance, recorded.program.result.chosen)] as const;
    bound = { recorded, instance, outputs: new Map([chosen, ...tappedOf(taps, recorded.program, instance)]) };
    return bound;
  };

  /** The last written mask of each row: unchanged masks are written once. */
  const written: string[] = [];
  const writeAllowed = async (index: number) => {
    if (!allowed) return;
    const forced = forcedToken(rules, index, most);
    const key = rules.noRepeatNgram > 0 && forced === undefined ? `after ${index}` : String(forced);
    for (const { index: row, tokens } of live()) {
      if (written[row] === key) continue;
      written[row] = key;
      const mask = allowedAfter(rules, [start, ...tokens], forced);
      await gpu.write(allowed.storage, 4 * words * row, new Uint8Array(mask.buffer));
    }
  };

  try {
    await prepare(group, rows, options, settings, counts);
    const ahead = rules.noRepeatNgram > 0 ? 1 : inFlight; // the mask depends on the last token
    let [submitted, steps] = [0, 0];
    let begun = performance.now();
    while (live().length > 0) {
      while (pending.length < ahead && submitted < most) {
        await writeAllowed(submitted);
        const step = await stepFor(submitted + 1);
        const staging = submitStep(group, step);
        pending.push(awaited(group, staging, step));
        submitted++;
      }
      const next = pending.shift();
      if (!next) break;
      const results = await readBack(group, next, stop);
      if (steps++ === 0) begun = performance.now();
      const before = live();
      for (const row of before) {
        const token = results.chosen[row.index] ?? 0;
        if (token === notFinite) {
          throw notFiniteError(programs, row.index, row.tokens.length);
        }
        let text = row.push(token);
        if (row.stopReason === undefined && row.tokens.length >= most) text += row.finish(options.limitReason);
        onToken(row.index, token, text, cross?.rowOf(row.index, tapsOfRow(taps, results, row.index, rows.length)));
      }
      // Ended rows store nothing more while others continue.
      for (const { index, stopReason } of before) {
        if (stopReason !== undefined) await gpu.write(group.step.storage, 16 * index + 4, new Uint8Array(4));
      }
      stop.throwIfAborted();
    }
    return { decode: performance.now() - begun, steps };
  } finally {
    for (const left of pending.splice(0)) {
      if (stop.aborted) left.staging.destroy();
      else await discard(group, left);
    }
    for (const one of own.reverse()) one.dispose();
  }
}

/** The error for logits that are NaN or infinite. */
export const notFiniteError = ({ model }: SequencePrograms, row: number, tokens: number): GpuError =>
  new GpuError(`${model.config.architecture}: the logits of text ${row} after ${tokens} tokens are not finite`);

/** Writes the start of rows and how they are drawn. */
async function prepare(
  { gpu, step }: Group,
  rows: readonly Row[],
  { temperature, topK, topP, repetitionPenalty, start, seeds, rules }: DrawOptions,
  settings: Tensor,
  counts: Tensor | undefined,
): Promise<void> {
  const steps = new Uint32Array(4 * maxBatch);
  for (const { index } of rows) steps.set([0, 1, start, seeds[index] ?? 0], 4 * index);
  await gpu.write(step.storage, 0, new Uint8Array(steps.buffer));
  const packed = packSettings(rows.map(() => ({ temperature, topK, topP, repetition: repetitionPenalty })));
  await gpu.write(settings.storage, 0, new Uint8Array(packed.buffer));
  if (!counts) return;
  const seen = new Uint32Array(counts.size);
  // Bit 31: the token is in the prompt, here the first token.
  for (const { index } of rows) seen[index * rules.vocabulary + start] = 2 ** 31;
  await gpu.write(counts.storage, 0, new Uint8Array(seen.buffer));
}
