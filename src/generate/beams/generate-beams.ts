import { assertRouted, notFiniteError } from "../../models/decoder.ts";
import { checkRequirements } from "../../models/requirements.ts";
import { TextError } from "../../text/text-error.ts";
import { closing } from "../advance.ts";
import { tokensAhead } from "../chunks.ts";
import { type GenerationResult, generationResult } from "../generation-result.ts";
import { Lifetime } from "../lifetime.ts";
import type { LoadedModel } from "../loaded-model.ts";
import type { ResolvedOptions } from "../options.ts";
import { type Piece, type Row, rowsOf } from "../row.ts";
import type { RunInputs } from "../run-inputs.ts";
import { SequenceState } from "../sequence-state.ts";
import { banRepeats } from "./bans.ts";
import { DecoderBeams } from "./decoder-beams.ts";
import { beamRules } from "./options.ts";
import { pairsOf } from "./pairs.ts";
import { candidatesOf } from "./search.ts";
import { type SearchProgress, searchAll } from "./searches.ts";

/**
 * Searches the likeliest text for each row with `options.beams` beams, in memory of its own that is free again at the end.
 * Yields the tokens of each row as soon as it is certain that its text has them. Once `stop` is aborted rows end with the best text
 * so far.
 */
export async function* generateBeams(
  model: LoadedModel,
  inputs: RunInputs,
  options: ResolvedOptions,
  stop: AbortSignal,
  rows: Row[],
  owner: Lifetime,
): AsyncGenerator<Piece, GenerationResult, void> {
  const { gpu, decoder, programs } = model;
  const { config } = decoder;
  const { beams, noRepeatNgram } = options;
  const rules = beamRules(options, inputs.eos, inputs.tokens.length);
  const batch = beams * inputs.tokens.length;
  checkRequirements(gpu, config, programs.capacity, batch, programs.cache, tokensAhead(gpu, config));
  rows.push(...rowsOf(inputs, options));
  const lifetime: Lifetime = new Lifetime(`${model.name}: the beams of this session`, owner, () => {
    search.dispose();
    state.free();
  });
  lifetime.begin();
  const state = new SequenceState(programs, batch, lifetime);
  const bans = noRepeatNgram > 0 ? [banRepeats(noRepeatNgram)] : [];
  const lengths = inputs.tokens.map(({ length }) => length);
  const pairs = pairsOf(candidatesOf(rules), beams, config.vocabulary);
  const search = new DecoderBeams(state, lengths, { beams, pairs, restricted: bans.length > 0 });
  try {
    using _use = lifetime.use();
    const prefillStart = performance.now();
    for (const row of rows) await state.prefill(row.index * beams, row.promptTokens, 0, stop);
    await assertRouted(decoder);
    const prefill = performance.now() - prefillStart - state.compileTime;
    const room = (row: Row) => Math.min(options.maxTokens, inputs.context - row.promptTokens.length);
    const ended = (row: Row) => (room(row) < options.maxTokens ? "context" : "length");
    for (const row of rows) {
      if (row.stopReason !== undefined) continue;
      if (stop.aborted) yield closing(row, "abort");
      else if (room(row) <= row.tokens.length) row.finish(ended(row));
    }
    const sources = rows.map((row) => {
      return { prompt: row.promptTokens, maxTokens: row.stopReason === undefined ? room(row) : 0 };
    });
    const notFinite = (source: number, tokens: number) =>
      notFiniteError(decoder, `the logits of row ${source} after ${tokens} tokens`);
    const compiled = state.compileTime;
    const decodeStart = performance.now();
    const given = { ...rules, vocabulary: config.vocabulary, bans, notFinite };
    for await (const progress of searchAll(search.step, sources, given, stop)) {
      const row = rows[progress.source];
      if (row) yield* advanceRow(row, progress, ended(row), stop);
    }
    const decode = performance.now() - decodeStart - (state.compileTime - compiled);
    gpu.assertUsable();
    await assertRouted(decoder);
    const times = { compile: state.compileTime, prefill, decode, encodePerToken: Math.min(...search.encoding, 1e9) };
    if (search.encoding.length === 0) times.encodePerToken = 0;
    const figures = { ...times, prefilled: state.prefilled, dispatches: search.dispatches };
    return generationResult(model, state, rows, options, figures);
  } finally {
    lifetime.dispose();
  }
}

/** Appends to a row what is certain now. */
function* advanceRow(
  row: Row,
  { tokens, ended }: SearchProgress,
  reason: "length" | "context",
  stop: AbortSignal,
): Generator<Piece> {
  const differs = row.tokens.findIndex((token, i) => i < tokens.length && token !== tokens[i]);
  if (differs >= 0 || (ended && tokens.length < row.tokens.length)) {
    throw new TextError(
      `token ${Math.max(0, differs)} of those generated before is not what beams find: give the options of the generation that it goes on with`,
    );
  }
  const added = tokens.slice(row.tokens.length);
  for (const [i, token] of added.entries()) {
    let text = row.push(token);
    const isLast = ended && i === added.length - 1;
    if (isLast && !ended.stopped && row.stopReason === undefined) text += row.finish(reason);
    yield { row: row.index, token, text };
  }
  if (!ended) return;
  row.score = ended.texts[0]?.score;
  if (row.stopReason === undefined) yield closing(row, ended.stopped ? (stop.aborted ? "abort" : "stop") : reason);
}
