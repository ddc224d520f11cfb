import type { RowTaps } from "./search.ts";

/**
 * One step of a model in rows, `beams` of each source one after the other. Values of rows without an open text have no
 * meaning, apart from their score.
 */
export interface BeamStep {
  /** 0 in the first step, whose only text of each source is in its first row. */
  readonly index: number;
  /** 1 for rows with an open text. */
  readonly live: Uint8Array;
  /** The last token of each text, the only one that the row's cache does not hold; in the first step see `BeamSource`. */
  readonly last: Uint32Array<ArrayBuffer>;
  /** The row whose cache holds the tokens before it: its own, or one that keeps its own (see `assignRows`). */
  readonly parents: Uint32Array<ArrayBuffer>;
  /** True where a row has another's cache as its parent. */
  readonly moved: boolean;
  /** Sum of log-probabilities of each text; −∞ for rows without one. */
  readonly scores: Float32Array<ArrayBuffer>;
  /** The rank of each text among those of its source. */
  readonly ranks: Uint32Array<ArrayBuffer>;
  /** Tokens that may come next, as bits, `[rows, words]` (see `restrict`); undefined where nothing is ever banned. */
  readonly allowed: Uint32Array<ArrayBuffer> | undefined;
}

/**
 * The best continuations of each source, `[sources, n]`, best first: `rank · vocabulary + token`, and the sums of their
 * log-probabilities: −∞ after the last that there is, NaN where logits were not finite.
 */
export interface BeamPairs {
  readonly ids: Uint32Array;
  readonly totals: Float32Array;
  /** What the step tapped of each row; unset where it taps nothing. */
  readonly taps?: readonly RowTaps[];
}

/** Computes a step of all rows. Throws the reason of `stop` once it aborts. */
export type BeamModel = (step: BeamStep, stop: AbortSignal) => Promise<BeamPairs>;

/** A source, and what its texts may be. */
export interface BeamSource {
  /** Tokens before those that are generated, which bans see; the last is the row's first `last`. */
  readonly prompt: readonly number[];
  /** Most tokens of a text; where it is 0, nothing is searched for. */
  readonly maxTokens: number;
  /** The token that comes at a length, whatever the model says, as if it were certain; undefined: it is searched for. */
  readonly forced?: ((length: number) => number | undefined) | undefined;
}
