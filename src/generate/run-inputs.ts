import type { Tokenizer } from "../text/tokenizer.ts";
import type { GuardReport } from "./guard.ts";
import type { DraftSequence } from "./speculative/draft-sequence.ts";
import type { SpeculativeFigures } from "./speculative/options.ts";

/** Timings of a run. */
export interface RunTimings {
  /** Milliseconds from the first prefill chunk to its last. */
  prefill: number;
  /** Milliseconds from the first sampled token to the last. */
  decode: number;
  /**
   * Milliseconds to encode and submit one decode step: the minimum over the run, since with a software adapter other
   * steps also wait for the cores that it computes on.
   */
  encodePerToken: number;
  /** Decode steps read. */
  steps: number;
  /** What the guard found, where there is one. */
  guard?: GuardReport;
  /** What proposing tokens came to, where it was done. */
  speculative?: SpeculativeFigures;
}

/** The input of a run: where each row's new tokens begin, and what ends it. */
export interface RunInputs {
  readonly tokenizer: Tokenizer;
  readonly eos: readonly number[];
  /** All tokens of each row before those that are generated. */
  readonly tokens: readonly (readonly number[])[];
  /** Of each row, tokens that an earlier run generated, which this one goes on from. */
  readonly generated: readonly (readonly number[])[];
  readonly context: number;
  /** The memory of the draft model, where one proposes tokens. */
  readonly draft?: DraftSequence | undefined;
}
