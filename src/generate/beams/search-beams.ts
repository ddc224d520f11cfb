import { assertRouted, notFiniteError } from "../../models/decoders/decoder.ts";
import { TextError } from "../../text/text-error.ts";
import type { LoadedModel } from "../load/loaded-model.ts";
import type { ResolvedOptions } from "../options.ts";
import type { GenerationFigures, GenerationResult } from "../session/generation-result.ts";
import type { Piece, Row, StopReason } from "../session/row.ts";
import type { RunInputs } from "../session/run-inputs.ts";
import type { SequenceState } from "../session/sequence-state.ts";
import type { computed } from "../session/step-results.ts";
import { banRepeats } from "./bans.ts";
import { DecoderBeams } from "./decoder-beams.ts";
import { beamRules } from "./options.ts";
import { pairsOf } from "./pairs.ts";
import { candidatesOf } from "./search.ts";
import { type SearchProgress, searchAll } from "./searches.ts";

/** The input of a search. */
interface BeamsRun {
  readonly model: LoadedModel;
  readonly inputs: RunInputs;
  readonly options: ResolvedOptions;
  /** One for each prompt. */
  readonly rows: readonly Row[];
  readonly stop: AbortSignal;
}

/** Memory for as many sequences, until disposed. */
type Open = (batch: number) => { readonly state: SequenceState; dispose(): void };

/**
 * Searches the likeliest text for each row with `options.beams` beams, in its own memory, freed at the end. Yields
 * tokens of each row as soon as they are certain. Once `stop` is aborted, rows end with the best text so far. Functions
 * that the page already has are passed in: `open`, `compute`, and `finish`, which makes the result.
 */
export async function* searchBeams(
  { model, inputs, options, rows, stop }: BeamsRun,
  open: Open,
  compute: typeof computed,
  finish: (state: SequenceState, figures: GenerationFigures) => GenerationResult,
): AsyncGenerator<Piece, GenerationResult, void> {
  const { gpu, decoder } = model;
  const { vocabulary } = decoder.config;
  const { beams, noRepeatNgram } = options;
  const rules = beamRules(options, inputs.eos, rows.length);
  const { state, dispose } = open(beams * rows.length);
  const bans = noRepeatNgram > 0 ? [banRepeats(noRepeatNgram)] : [];
  const lengths = inputs.tokens.map(({ length }) => length);
  const kind = { beams, pairs: pairsOf(candidatesOf(rules), beams, vocabulary), restricted: bans.length > 0 };
  const search = new DecoderBeams(state, lengths, kind, compute);
  try {
    using _use = state.use();
    const prefillStart = performance.now();
    for (const row of rows) await state.prefill(row.index * beams, row.promptTokens, 0, stop);
    await assertRouted(decoder);
    const prefill = performance.now() - prefillStart - state.compileTime;
    const room = (row: Row) => Math.min(options.maxTokens, inputs.context - row.promptTokens.length);
    const full = (row: Row) => (room(row) < options.maxTokens ? "context" : "length");
    for (const row of rows) {
      if (row.stopReason !== undefined) continue;
      if (stop.aborted) yield closing(row, "abort");
      else if (room(row) <= row.tokens.length) row.finish(full(row));
    }
    const sources = rows.map((row) => {
      return { prompt: row.promptTokens, maxTokens: row.stopReason === undefined ? room(row) : 0 };
    });
    const notFinite = (source: number, tokens: number) =>
      notFiniteError(decoder, `the logits of row ${source} after ${tokens} tokens`);
    const compiled = state.compileTime;
    const decodeStart = performance.now();
    for await (const progress of searchAll(search.step, sources, { ...rules, vocabulary, bans, notFinite }, stop)) {
      const row = rows[progress.source];
      if (row) yield* advanceRow(row, progress, full(row), stop);
    }
    const decode = performance.now() - decodeStart - (state.compileTime - compiled);
    gpu.assertUsable();
    await assertRouted(decoder);
    const encodePerToken = search.encoding.length > 0 ? Math.min(...search.encoding) : 0;
    const { compileTime: compile, prefilled } = state;
    return finish(state, { compile, prefill, decode, encodePerToken, prefilled, dispatches: search.dispatches });
  } finally {
    search.dispose();
    dispose();
  }
}

/** Ends a row, with the remaining text. */
const closing = (row: Row, reason: StopReason): Piece => {
  return { row: row.index, token: undefined, text: row.finish(reason) };
};

/** Appends what is now certain to a row. */
function* advanceRow(
  row: Row,
  { tokens, ended }: SearchProgress,
  full: "length" | "context",
  stop: AbortSignal,
): Generator<Piece> {
  const differs = row.tokens.findIndex((token, i) => i < tokens.length && token !== tokens[i]);
  if (differs >= 0 || (ended && tokens.length < row.tokens.length)) {
    throw new TextError(
      `token ${differs < 0 ? tokens.length : differs} of those generated before is not what beams find: expected those of a ` +
        "generation with the same options",
    );
  }
  const added = tokens.slice(row.tokens.length);
  for (const [i, token] of added.entries()) {
    let text = row.push(token);
    const isLast = ended && i === added.length - 1;
    if (isLast && !ended.stopped && row.stopReason === undefined) text += row.finish(full);
    yield { row: row.index, token, text };
  }
  if (!ended) return;
  row.score = ended.texts[0]?.score;
  if (row.stopReason === undefined) yield closing(row, ended.stopped ? (stop.aborted ? "abort" : "stop") : full);
}
