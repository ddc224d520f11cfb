import type { RowTaps } from "./search.ts";

/**
 * One step of a model on rows, `beams` consecutive ones per source. Values of rows without an open text are undefined,
 * except their score.
 */
export interface BeamStep {
  /** 0 in the first step, where each source has one text, in its first row. */
  readonly index: number;
  /** 1 for rows with an open text. */
  readonly live: Uint8Array;
  /** The last token of each text, the only one not in the row's cache; for the first step see `BeamSource`. */
  readonly last: Uint32Array<ArrayBuffer>;
  /**
   * The row whose cache has the tokens before it: the row itself, or one that keeps its own cache (see `assignRows`).
   */
  readonly parents: Uint32Array<ArrayBuffer>;
  /** True if a row's parent is another row. */
  readonly moved: boolean;
  /** Sum of log-probabilities of each text; −∞ for rows without one. */
  readonly scores: Float32Array<ArrayBuffer>;
  /** The rank of each text among those of its source. */
  readonly ranks: Uint32Array<ArrayBuffer>;
  /** Tokens that may come next, as bits, `[rows, words]` (see `restrict`); undefined if nothing is ever banned. */
  readonly allowed: Uint32Array<ArrayBuffer> | undefined;
}

/**
 * The best continuations of each source, `[sources, n]`, best first: `rank · vocabulary + token`, and the sums of their
 * log-probabilities: −∞ beyond the last one, NaN if logits were not finite.
 */
export interface BeamPairs {
  readonly ids: Uint32Array;
  readonly totals: Float32Array;
  /** What the step tapped for each row; unset without taps. */
  readonly taps?: readonly RowTaps[];
}

/** Computes a step of all rows. Throws the reason of `stop` once it aborts. */
export type BeamModel = (step: BeamStep, stop: AbortSignal) => Promise<BeamPairs>;

/** A source, and the limits of its texts. */
export interface BeamSource {
  /** Tokens before the generated ones, visible to bans; the last one is the row's first `last`. */
  readonly prompt: readonly number[];
  /** Maximum tokens of a text; 0: no search. */
  readonly maxTokens: number;
  /** The token forced at a length, with probability 1; undefined: none. */
  readonly forced?: ((length: number) => number | undefined) | undefined;
}
