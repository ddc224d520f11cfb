import { wordsOf } from "../../kernels/sampling/restrict.ts";
import { notFinite } from "../../kernels/sampling/sample.ts";
import { notFiniteError } from "../../models/decoders/decoder.ts";
import { type ResolvedOptions, samplingKind } from "../options.ts";
import { advance, closing } from "../session/advance.ts";
import { guardReport } from "../session/guard.ts";
import type { Piece, Row } from "../session/row.ts";
import type { RunInputs, RunTimings } from "../session/run-inputs.ts";
import type { BoundStep, SequenceState } from "../session/sequence-state.ts";
import { awaited, readBack, type StepResults, submitStep } from "../session/step-results.ts";
import { type TokenConstraint, writeMasks } from "../session/token-constraint.ts";
import { countsOf, type Drafter } from "./drafter.ts";
import type { Speculation } from "./options.ts";
import { Verifier } from "./verifier.ts";

/** A run of one row after its prefill. */
interface SpeculativeRun {
  readonly state: SequenceState;
  readonly inputs: RunInputs;
  readonly options: ResolvedOptions;
  readonly row: Row;
  readonly stop: AbortSignal;
  readonly timings: RunTimings;
  /** Kept up to date: number of each row's tokens in the cache. */
  readonly fed: number[];
  /** Milliseconds to encode and submit each step. */
  readonly encoding: number[];
  /** Called once the first token has been read. */
  readonly begun: () => void;
}

/**
 * Decodes with proposed tokens until the row has ended: each step computes the last token and those that `drafter`
 * proposes after it, chooses the next token at each, and keeps them up to the first that differs from the proposal.
 *
 * Proposals that are not drawn are compared with the choice of a decode step, from the same random word. So the tokens
 * are bitwise those of plain decoding, greedy or drawn, regardless of the proposals: a draw equals a given token with
 * its probability p, which is the min(1, p / q) of Leviathan et al. (2022) for a certain proposal (q = 1), and if it
 * differs it is a draw from the rest, max(0, p − q). Proposals drawn from their own q are accepted by that rule itself
 * (`acceptDrafts`): the tokens then follow the same distribution, but differ from those without proposals.
 *
 * A proposal that ends a turn, such as an end-of-text token or a banned one, is accepted or replaced like others, since
 * it was drawn: only what would follow it is not computed.
 */
export async function* speculate(
  run: SpeculativeRun,
  drafter: Drafter,
  { tokens: most }: Speculation,
): AsyncGenerator<Piece, void> {
  const { state, inputs, options, row, stop, timings, fed } = run;
  const kind = samplingKind(options);
  const constraint = options.constraints[row.index];
  const figures = { steps: 0, drafted: 0, accepted: 0 };
  timings.speculative = figures; // counted further below

  /** Adds token i of a step's results; the generation fails if its logits were not finite. */
  async function* add(results: StepResults, i: number): AsyncGenerator<Piece, number> {
    const one = resultOf(results, i, options.logprobs);
    const token = one.chosen[0] ?? 0;
    if (token === notFinite) {
      const position = row.promptTokens.length + row.tokens.length;
      throw await notFiniteError(state.programs.decoder, `the logits of row ${row.index} after ${position} tokens`);
    }
    constraint?.accept(token);
    yield* advance([row], one, inputs, options);
    return token;
  }

  const step = async (bound: BoundStep): Promise<StepResults> => {
    const before = performance.now();
    const staging = submitStep(state, bound);
    run.encoding.push(performance.now() - before);
    const results = await readBack(state, awaited(state, staging, bound), stop);
    timings.steps++;
    if (results.peaks) timings.guard = guardReport(state.programs.decoder, results.peaks, options.guard);
    return results;
  };

  using verifier = new Verifier(state, kind, most, drafter.weights);
  const known = [...row.promptTokens, ...row.tokens];
  const counts = countsOf(row, state.programs.decoder.config.vocabulary, kind.penalties);
  if (row.stopReason !== undefined) return;
  if (constraint && (await writeMasks(state, [row], options.constraints)).length > 0) {
    yield closing(row, "stop");
    return;
  }
  const first = await step(await state.bound("sample", known.length, kind, stop));
  run.begun();
  let last = yield* add(first, 0);
  counts.add(last);
  known.push(last);
  await verifier.count(counts.values);

  let pace = most;
  while (row.stopReason === undefined) {
    stop.throwIfAborted();
    const room = Math.min(inputs.context - known.length, options.maxTokens - row.tokens.length) - 1;
    const proposed = await drafter.draft(known, Math.max(0, Math.min(pace, room)));
    const untilEnd = proposed.findIndex((token) => inputs.eos.includes(token));
    let drafts = untilEnd < 0 ? proposed : proposed.slice(0, untilEnd);
    if (constraint) {
      const allowed = await allowDrafts(verifier, constraint, drafts, state.programs.decoder.config.vocabulary);
      if (!allowed) {
        yield closing(row, "stop");
        return;
      }
      drafts = allowed;
    }
    await verifier.recount(counts.values, drafts);
    await state.reserve([{ row: row.index, length: known.length + drafts.length }]);
    const position = known.length - 1;
    const tokens = [last, ...drafts];
    const given = { tokens, proposed: proposed.slice(0, tokens.length), position, seed: options.seeds[row.index] ?? 0 };
    const bound = await verifier.prepare(given, stop);
    fed[row.index] = known.length;
    const results = await step(bound);
    verifier.noteChosen(results.chosen);
    let kept = 0;
    while (kept < drafts.length && results.chosen[kept] === drafts[kept]) kept++;
    fed[row.index] = known.length + kept; // later tokens in the cache were not kept
    figures.steps++;
    figures.drafted += drafts.length;
    if (drafts.length > 0) pace = paced(pace, kept === drafts.length, most);
    if (constraint) takeBack(constraint, drafts.length);
    for (let i = 0; i <= kept && row.stopReason === undefined; i++) {
      last = yield* add(results, i);
      counts.add(last);
      known.push(last);
      if (i < kept) figures.accepted++;
    }
  }
}

/** Tokens to propose next: two more if all were kept, else one fewer (the schedule of transformers). */
const paced = (pace: number, all: boolean, most: number): number =>
  Math.max(1, Math.min(most, all ? pace + 2 : pace - 1));

/** The results of one row of a step, as those of a one-row step. */
function resultOf(results: StepResults, i: number, n: number): StepResults {
  const { chosen, ids, logprobs, chosenLogprob, chosenRank } = results;
  return {
    chosen: chosen.subarray(i, i + 1),
    ...(ids && { ids: ids.subarray(i * n, (i + 1) * n) }),
    ...(logprobs && { logprobs: logprobs.subarray(i * n, (i + 1) * n) }),
    ...(chosenLogprob && { chosenLogprob: chosenLogprob.subarray(i, i + 1) }),
    ...(chosenRank && { chosenRank: chosenRank.subarray(i, i + 1) }),
  };
}

/**
 * Writes the tokens allowed after the last token and after each of `drafts`, which it truncates at the first banned one
 * and returns; undefined if no token is allowed even after the last one. The constraint has then accepted the returned
 * drafts.
 */
async function allowDrafts(
  verifier: Verifier,
  constraint: TokenConstraint,
  drafts: readonly number[],
  vocabulary: number,
): Promise<readonly number[] | undefined> {
  for (let row = 0; row <= drafts.length; row++) {
    const mask = new Uint32Array(wordsOf(vocabulary));
    if (!(await constraint.mask(mask))) mask.fill(0xffffffff);
    if (mask.every((word) => word === 0)) {
      if (row === 0) return undefined;
      takeBack(constraint, 1); // so that this draft becomes the next token of the previous row
      return drafts.slice(0, row - 1);
    }
    await verifier.allow(row, mask);
    const draft = drafts[row];
    if (draft === undefined) break;
    if ((((mask[draft >> 5] ?? 0) >>> (draft % 32)) & 1) === 0) return drafts.slice(0, row);
    constraint.accept(draft);
  }
  return drafts;
}

/** Takes back the last tokens accepted by a constraint. */
function takeBack(constraint: TokenConstraint, tokens: number): void {
  if (tokens > 0) constraint.rollback?.(tokens);
}
