import type { LoadedModel } from "../load/loaded-model.ts";
import { type ResolvedOptions, samplingKind } from "../options.ts";
import type { SpeculativeFigures } from "../speculative/options.ts";
import type { GuardReport } from "./guard.ts";
import type { Row, StopReason } from "./row.ts";
import type { SequenceState } from "./sequence-state.ts";

/** The result for one prompt. */
export interface RowResult {
  readonly promptTokens: readonly number[];
  readonly tokens: readonly number[];
  readonly text: string;
  readonly stopReason: StopReason;
  /** With `beams`: the sum of the tokens' log-probabilities over their number to the power of `lengthPenalty`. */
  readonly score?: number | undefined;
}

/** The result of a finished generation. */
export interface GenerationResult {
  /** One entry per prompt. */
  readonly rows: readonly RowResult[];
  /** The text of the only row; undefined with several prompts. */
  readonly text?: string | undefined;
  /** Seeds used: the same seeds give the same text again. */
  readonly seeds: readonly number[];
  /** Milliseconds, except tokens per second. */
  readonly timings: {
    readonly compile: number;
    readonly prefill: number;
    readonly decode: number;
    /** Decoded tokens per second, over all rows. */
    readonly tokensPerSecond: number;
    /** Prompt tokens per second, over all rows. */
    readonly prefillTokensPerSecond: number;
    /** Milliseconds to encode and submit one decode step: the minimum over the run (see `RunTimings`). */
    readonly encodePerToken: number;
  };
  /** Bytes. */
  readonly memory: {
    readonly weights: number;
    /** Size of the session's cache when the generation ended. */
    readonly cache: number;
    /** Peak size of the cache since the session began, including copies made while it grew. */
    readonly cachePeak: number;
    readonly temporaries: number;
  };
  readonly dispatchesPerToken: number;
  /** With `guard`: the layers that it checked. */
  readonly guard?: GuardReport | undefined;
  /** With `speculative`: the tokens proposed, and how many of them are in the text. */
  readonly speculative?: SpeculativeFigures | undefined;
}

/** The result for a single prompt. */
export interface TextResult extends GenerationResult {
  readonly text: string;
}

/** Times in milliseconds, and the number of tokens prefilled. */
export interface GenerationFigures {
  readonly compile: number;
  readonly prefill: number;
  readonly decode: number;
  readonly encodePerToken: number;
  readonly prefilled: number;
  /** Of a step, if it is not a decode step. */
  readonly dispatches?: number;
  readonly guard?: GuardReport | undefined;
  readonly speculative?: SpeculativeFigures | undefined;
}

/** The result of a finished generation; `state` is its memory, if it allocated any. */
export function generationResult(
  { programs, decoder }: LoadedModel,
  state: SequenceState | undefined,
  rows: readonly Row[],
  options: ResolvedOptions,
  {
    compile = 0,
    prefill = 0,
    decode = 0,
    encodePerToken = 0,
    prefilled = 0,
    dispatches,
    guard,
    speculative,
  }: Partial<GenerationFigures>,
): GenerationResult {
  const decoded = rows.reduce((sum, { tokens, resumed }) => sum + Math.max(0, tokens.length - resumed - 1), 0);
  const longest = Math.max(1, ...rows.map(({ promptTokens, tokens }) => promptTokens.length + tokens.length));
  return {
    text: rows.length === 1 ? rows[0]?.text : undefined,
    rows: rows.map(({ promptTokens, tokens, text, stopReason = "abort", score }) => {
      return { promptTokens, tokens, text, stopReason, score };
    }),
    seeds: options.seeds,
    timings: {
      compile,
      prefill,
      decode,
      tokensPerSecond: decode > 0 ? (decoded * 1000) / decode : 0,
      prefillTokensPerSecond: prefill > 0 ? (prefilled * 1000) / prefill : 0,
      encodePerToken,
    },
    memory: {
      weights: decoder.weights.bytes,
      cache: state?.memory.bytes ?? 0,
      cachePeak: state?.memory.peakBytes ?? 0,
      temporaries: programs.temporaryBytes,
    },
    dispatchesPerToken:
      dispatches ??
      programs.decode(rows.length, programs.visible(longest), samplingKind(options)).program.dispatches.length,
    guard,
    speculative,
  };
}

/**
 * The result of a generation that was left or aborted before it began: no time, no cache, and no tokens but those of
 * the generation it was to continue.
 */
export function unbegunResult(model: LoadedModel, rows: readonly Row[], options: ResolvedOptions): GenerationResult {
  for (const row of rows) row.stopReason = "abort";
  return generationResult(model, undefined, rows, options, { dispatches: 0 });
}
