import type { Piece, StopReason } from "./row.ts";

/** The result for one prompt. */
export interface RowResult {
  readonly promptTokens: readonly number[];
  readonly tokens: readonly number[];
  readonly text: string;
  readonly stopReason: StopReason;
}

/** The result of a generation that has ended. */
export interface GenerationResult {
  /** One entry per prompt. */
  readonly rows: readonly RowResult[];
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
    /** Of the session's cache when the generation ended. */
    readonly cache: number;
    /** Peak size of the cache since the session began, including copies made while it grew. */
    readonly cachePeak: number;
    readonly temporaries: number;
  };
  readonly dispatchesPerToken: number;
}

/**
 * Text as it is generated: `for await (const piece of generation)`. It begins with the first `next`, and ends early
 * when the loop is left. `result` resolves when it has ended, and starts it if nothing else did.
 */
export class Generation implements AsyncIterable<Piece> {
  readonly #pieces: AsyncGenerator<Piece, void>;
  readonly #result: Promise<GenerationResult>;
  #settle: (result: GenerationResult) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #started = false;

  constructor(start: (finish: (result: GenerationResult) => void) => AsyncGenerator<Piece, void>) {
    this.#result = new Promise((resolve, reject) => {
      this.#settle = resolve;
      this.#reject = reject;
    });
    this.#result.catch(() => undefined); // the iterator throws the same error
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#pieces = this.#guard(start);
  }

  async *#guard(start: (finish: (result: GenerationResult) => void) => AsyncGenerator<Piece, void>) {
    this.#started = true;
    try {
      yield* start((result) => this.#settle(result));
    } catch (error) {
      this.#reject(error);
      throw error;
    } finally {
      this.#end();
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<Piece, void> {
    return this.#pieces;
  }

  /** Resolves when the generation has ended, failed or been left. */
  readonly ended: Promise<void>;
  #end: () => void = () => {};

  /** The whole result; runs the generation to its end. */
  get result(): Promise<GenerationResult> {
    return (async () => {
      if (!this.#started) for await (const _ of this.#pieces);
      return this.#result;
    })();
  }
}
