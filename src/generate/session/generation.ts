import type { GenerationResult } from "./generation-result.ts";
import type { Piece } from "./row.ts";

/** The work of a generation, and what may end it from outside. */
interface GenerationWork<P = Piece, R = unknown> {
  /**
   * Starts the work, which yields pieces and returns the result. Once `stop` is aborted it ends as soon as possible and
   * returns what it has.
   */
  readonly begin: (stop: AbortSignal) => AsyncGenerator<P, R>;
  /** The result of a generation that is left or aborted before it begins. */
  readonly unbegun: () => R;
  /** Called once at its end, if it had begun. */
  readonly ended?: (() => void) | undefined;
  /** Stops it; the result is what exists by then. */
  readonly abort?: AbortSignal | undefined;
  /** Stops it; the result fails with the signal's reason. */
  readonly disposed: AbortSignal;
  /** Fails it immediately, with the signal's reason: the device is lost, so there is nothing to wait for. */
  readonly gone: AbortSignal;
}

type Outcome = { readonly result: unknown } | { readonly error: unknown };

/** A waiting call of `next`. */
interface Request<P> {
  readonly resolve: (step: IteratorResult<P, void>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Text as it is generated: `for await (const piece of generation)`. It allocates memory and starts with the first
 * `next` or the first reading of `result`, which runs it to its end; pieces not yet taken by a loop are kept. It ends
 * when its rows have ended, when the loop is left or its signal aborted (stop reason `abort`), and with an error when
 * it fails, when its session, model or device is disposed, closed or lost. However it ends, `result` settles. `R` is
 * `TextResult` for one prompt.
 */
export class Generation<R = GenerationResult, P = Piece> implements AsyncIterable<P> {
  /** Resolves when the generation has ended, failed or been abandoned. */
  readonly ended: Promise<void>;
  readonly #work: GenerationWork<P>;
  readonly #result: Promise<unknown>;
  readonly #stop = new AbortController();
  readonly #listening: (() => void)[] = [];
  /** Pieces not yet taken by `next`, once there is an iterator. */
  readonly #kept: P[] = [];
  readonly #requests: Request<P>[] = [];
  #state: "waiting" | "running" | "ended" = "waiting";
  #pieces: AsyncGenerator<P, unknown> | undefined;
  /** True while a piece is being computed. */
  #pulling = false;
  /** True if it runs on even without requests. */
  #toEnd = false;
  #iterator: AsyncIterator<P, void> | undefined;
  #left = false;
  /** The error to end with once it has stopped. */
  #cause: { readonly error: unknown } | undefined;
  /** The error that ended it, until an iterator has thrown it. */
  #unthrown: { readonly error: unknown } | undefined;
  #settle: (outcome: Outcome) => void = () => {};

  constructor(work: GenerationWork<P>) {
    this.#work = work;
    this.#result = new Promise((resolve, reject) => {
      this.#settle = (outcome) => ("error" in outcome ? reject(outcome.error) : resolve(outcome.result));
    });
    this.ended = this.#result.then(
      () => undefined,
      () => undefined, // the iterator throws the same error
    );
  }

  /** The whole result. Reading it runs the generation to its end. */
  get result(): Promise<R> {
    this.#toEnd = true;
    this.#run();
    return this.#result as Promise<R>; // decided by the type of the prompts
  }

  [Symbol.asyncIterator](): AsyncIterator<P, void> {
    this.#iterator ??= {
      next: () => this.#next(),
      return: () => this.#leave(),
      throw: (error: unknown) => this.#leave({ error }),
    };
    return this.#iterator;
  }

  #next(): Promise<IteratorResult<P, void>> {
    return new Promise((resolve, reject) => {
      this.#requests.push({ resolve, reject });
      this.#answer();
      this.#run();
    });
  }

  /** Answers requests from the pieces at hand. */
  #answer(): void {
    for (;;) {
      const [request] = this.#requests;
      const piece = request && this.#kept.shift();
      if (!request || (!piece && this.#state !== "ended")) return;
      this.#requests.shift();
      if (piece) request.resolve({ done: false, value: piece });
      else if (this.#unthrown) {
        request.reject(this.#unthrown.error);
        this.#unthrown = undefined;
      } else request.resolve({ done: true, value: undefined });
    }
  }

  /** Starts if needed, and computes the next piece if one is requested. */
  #run(): void {
    if (this.#state === "waiting") this.#begin();
    if (this.#state !== "running" || this.#pulling) return;
    if (this.#toEnd || this.#requests.length > 0) this.#pull();
  }

  #pull(): void {
    this.#pulling = true;
    this.#pieces?.next().then(
      (step) => this.#pulled(step),
      (error: unknown) => this.#end({ error }),
    );
  }

  #pulled({ done, value }: IteratorResult<P, unknown>): void {
    this.#pulling = false;
    if (done) this.#end({ result: value });
    else if (this.#state === "ended")
      this.#pull(); // to where it stops
    else {
      if (this.#iterator && !this.#left) this.#kept.push(value);
      this.#answer();
      this.#run();
    }
  }

  #begin(): void {
    const { abort, disposed, gone, begin, unbegun } = this.#work;
    if (abort?.aborted) {
      this.#end({ result: unbegun() });
      return;
    }
    this.#state = "running";
    this.#on(abort, () => this.#halt());
    this.#on(disposed, (error) => this.#halt({ error }));
    this.#on(gone, (error) => this.#fail(error));
    this.#pieces = begin(this.#stop.signal);
  }

  #on(signal: AbortSignal | undefined, then: (reason: unknown) => void): void {
    if (!signal) return;
    const listener = () => then(signal.reason);
    signal.addEventListener("abort", listener);
    this.#listening.push(() => signal.removeEventListener("abort", listener));
  }

  /** Stops the work, and ends with the result so far, or with `cause`. */
  #halt(cause?: { readonly error: unknown }): void {
    this.#cause ??= cause;
    this.#toEnd = true;
    this.#stop.abort();
    this.#run();
  }

  /** Ends now; the work stops by itself. */
  #fail(error: unknown): void {
    this.#end({ error });
    this.#stop.abort();
    if (!this.#pulling) this.#pull();
  }

  async #leave(thrown?: { readonly error: unknown }): Promise<IteratorResult<P, void>> {
    this.#left = true;
    this.#kept.length = 0;
    if (this.#state === "waiting") this.#end(thrown ?? { result: this.#work.unbegun() });
    else if (this.#state === "running") this.#halt(thrown);
    await this.ended;
    this.#unthrown = undefined; // `result` has it
    if (thrown) throw thrown.error;
    return { done: true, value: undefined };
  }

  #end(outcome: Outcome): void {
    if (this.#state === "ended") return;
    const begun = this.#state === "running";
    this.#state = "ended";
    for (const stopListening of this.#listening.splice(0)) stopListening();
    if (begun) this.#work.ended?.();
    const settled = "error" in outcome ? outcome : (this.#cause ?? outcome);
    if ("error" in settled && this.#iterator) this.#unthrown = settled;
    this.#settle(settled);
    this.#answer();
  }
}
