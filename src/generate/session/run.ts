import { notFinite } from "../../kernels/sampling/sample.ts";
import { packSettings } from "../../kernels/sampling/settings.ts";
import { assertRouted, notFiniteError } from "../../models/decoders/decoder.ts";
import { type ResolvedOptions, samplingKind } from "../options.ts";
import { rowsFor } from "../speculative/options.ts";
import { advance, closing } from "./advance.ts";
import { inFlight } from "./chunks.ts";
import { guardReport, readPeaks } from "./guard.ts";
import type { SamplingKind } from "./programs.ts";
import { type Piece, type Row, rowsOf } from "./row.ts";
import type { RunInputs, RunTimings } from "./run-inputs.ts";
import type { SequenceState } from "./sequence-state.ts";
import { awaited, discard, type ReadBack, readBack, submitStep } from "./step-results.ts";
import { writeMasks } from "./token-constraint.ts";

/**
 * Prefills the rows' new tokens, then samples and decodes until every row has ended. Yields a piece for each new token
 * of each live row. Once `stop` is aborted it ends all rows with `abort`. `cached` is kept up to date: the tokens in
 * the cache when the run ends, in any way.
 */
export async function* run(
  state: SequenceState,
  inputs: RunInputs,
  options: ResolvedOptions,
  stop: AbortSignal,
  rows: Row[],
  cached: number[],
  timings: RunTimings,
): AsyncGenerator<Piece, void> {
  const { gpu } = state;
  const kind = samplingKind(options);
  const { decoder } = state.programs;
  if (options.guard > 0) await gpu.write(state.peaks.storage, 0, new Uint8Array(4 * decoder.config.layers));
  rows.push(...rowsOf(inputs, options));
  const known = rows.map(({ promptTokens, tokens }) => [...promptTokens, ...tokens]);
  const lengths = known.map(({ length }) => length);
  const made = Math.max(...rows.map(({ tokens }) => tokens.length));
  const compiledBefore = state.compileTime;
  const prefillStart = performance.now();
  for (const row of rows) {
    const start = await state.resume(row.index, cached[row.index] ?? 0);
    cached[row.index] = start;
    cached[row.index] =
      start + (await state.prefill(row.index, known[row.index]?.slice(start) ?? [], start, stop, kind.guard));
  }
  if (options.guard > 0) timings.guard = guardReport(decoder, await readPeaks(state), options.guard);
  await assertRouted(decoder);
  timings.prefill = performance.now() - prefillStart - (state.compileTime - compiledBefore);
  if (stop.aborted) {
    for (const row of rows) row.finish("abort");
    return;
  }
  const room = ({ index }: Row) => inputs.context - (lengths[index] ?? 0);
  for (const row of rows) {
    if (row.stopReason !== undefined) continue;
    if (room(row) <= 0) row.finish("context");
    else if (row.tokens.length >= options.maxTokens) row.finish("length");
  }
  await prepare(state, options, rows, kind);

  const longest = Math.max(...lengths);
  const pending: ReadBack[] = [];
  let submitted = 0; // tokens sampled, whether read back or not
  const live = () => rows.filter(({ stopReason }) => stopReason === undefined);
  const fed = [...lengths]; // tokens of each row in the cache
  const encoding: number[] = [];
  const submit = async () => {
    const first = submitted === 0;
    const longer = live().map(({ index }) => ({ row: index, length: (lengths[index] ?? 0) + submitted }));
    if (!first) await state.reserve(longer);
    const bound = await state.bound(first ? "sample" : "decode", longest + submitted, kind, stop);
    const before = performance.now();
    const staging = submitStep(state, bound);
    if (!first) {
      encoding.push(performance.now() - before);
      state.stepped(longer);
      for (const { row, length } of longer) fed[row] = length;
    }
    pending.push(awaited(state, staging, bound)); // not earlier: mapAsync in Deno returns once the device has finished
    submitted++;
  };
  const ahead = kind.restricted ? 1 : inFlight; // the mask depends on the last token
  const most = Math.min(options.maxTokens - made, Math.max(...rows.map(room)));
  let decodeStart = performance.now();
  let compiled = state.compileTime;
  const begun = () => {
    decodeStart = performance.now();
    compiled = state.compileTime;
  };
  const [row] = rows;
  const { speculation } = options;
  try {
    if (speculation && row?.stopReason === undefined && row) {
      const { openDrafter, speculate } = await import("../speculative/entry.ts");
      const before = performance.now();
      const drafter = await openDrafter(speculation, options, inputs.draft, row, stop);
      timings.prefill += performance.now() - before; // of the draft model
      yield* speculate({ state, inputs, options, row, stop, timings, fed, encoding, begun }, drafter, speculation);
    }
    while (live().length > 0) {
      while (pending.length < ahead && submitted < most && live().length > 0) {
        if (kind.restricted) {
          const before = live();
          for (const row of await writeMasks(state, before, options.constraints)) yield closing(row, "stop");
          await rest(state, before);
          if (live().length === 0) break;
        }
        await submit();
      }
      const next = pending.shift();
      if (!next) break;
      const results = await readBack(state, next, stop);
      timings.steps++;
      if (timings.steps === 1) begun();
      if (results.peaks) timings.guard = guardReport(decoder, results.peaks, options.guard);
      const before = live();
      const faulty = before.find(({ index }) => results.chosen[index] === notFinite);
      if (faulty) {
        const position = faulty.promptTokens.length + faulty.tokens.length;
        throw await notFiniteError(decoder, `the logits of row ${faulty.index} after ${position} tokens`);
      }
      for (const { index } of before) options.constraints[index]?.accept(results.chosen[index] ?? 0);
      yield* advance(rows, results, inputs, options);
      if (live().length > 0) await rest(state, before);
      stop.throwIfAborted();
    }
  } catch (error) {
    if (!stop.aborted || error !== stop.reason) throw error;
    for (const row of rows) if (row.stopReason === undefined) yield closing(row, "abort");
  } finally {
    timings.decode = performance.now() - decodeStart - (state.compileTime - compiled);
    timings.encodePerToken = encoding.length > 0 ? Math.min(...encoding) : 0;
    for (const left of pending.splice(0)) {
      if (stop.aborted) left.staging.destroy();
      else await discard(state, left);
    }
    for (const row of rows) {
      // Tokens past the last accepted one do not count.
      cached[row.index] = Math.min(fed[row.index] ?? 0, row.promptTokens.length + row.tokens.length);
      if (row.stopReason === undefined) row.finish("abort");
    }
  }
  gpu.assertUsable();
  await assertRouted(decoder);
}

/** Writes the step, the settings and the counts for the first sample. */
async function prepare(
  state: SequenceState,
  options: ResolvedOptions,
  rows: readonly Row[],
  kind: SamplingKind,
): Promise<void> {
  const { gpu, step, settings, batch } = state;
  const stepRows = new Uint32Array(4 * batch);
  rows.forEach(({ promptTokens, tokens, stopReason }, index) => {
    const position = promptTokens.length + tokens.length - 1;
    const last = tokens.at(-1) ?? promptTokens.at(-1) ?? 0;
    stepRows.set([position, stopReason === undefined ? 1 : 0, last, options.seeds[index] ?? 0], 4 * index);
  });
  const { temperature, topK, topP, minP } = options;
  const penalties = {
    repetition: options.repetitionPenalty,
    presence: options.presencePenalty,
    frequency: options.frequencyPenalty,
  };
  const samples = options.speculation ? rowsFor(options.speculation.tokens + 1) : rows.length;
  const packed = packSettings(Array.from({ length: samples }, () => ({ temperature, topK, topP, minP, ...penalties })));
  await gpu.write(step.storage, 0, new Uint8Array(stepRows.buffer));
  await gpu.write(settings.storage, 0, new Uint8Array(packed.buffer));
  const { vocabulary } = state.programs.decoder.config;
  if (kind.biased) {
    const bias = new Float32Array(vocabulary);
    for (const [token, value] of options.bias) bias[token] = value;
    await gpu.write(state.bias.storage, 0, new Uint8Array(bias.buffer));
  }
  if (!kind.penalties) return;
  const counts = new Uint32Array(batch * vocabulary);
  rows.forEach(({ promptTokens, tokens }, index) => {
    const at = index * vocabulary;
    for (const token of promptTokens) counts[at + token] = 2 ** 31; // bit 31: the token occurs in the prompt
    for (const token of tokens) counts[at + token] = (counts[at + token] ?? 0) + 1;
  });
  await gpu.write(state.counts.storage, 0, new Uint8Array(counts.buffer));
}

/** Ended rows store nothing more while others continue: they would take memory, and overwrite their window. */
async function rest({ gpu, step }: SequenceState, rows: readonly Row[]): Promise<void> {
  for (const { index, stopReason } of rows) {
    if (stopReason !== undefined) await gpu.write(step.storage, 16 * index + 4, new Uint8Array(4)); // no tokens
  }
}
