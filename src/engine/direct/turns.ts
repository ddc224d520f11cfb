import { onAbort } from "../../options/abort.ts";
import { RequestError } from "../request-error.ts";

/** How many generations of a model run and wait. */
export interface TurnLimits {
  /** Maximum running generations. */
  readonly concurrency: number;
  /** Maximum waiting generations. */
  readonly queue: number;
}

/** Generations of one model: some run, others wait in call order. */
export interface Turns {
  /**
   * Waits for its turn; false if `signal` aborts before. Throws `RequestError` with status 429 if too many already
   * wait.
   */
  enter(signal: AbortSignal | undefined): Promise<boolean>;
  /** Ends a turn begun by `enter`. */
  leave(): void;
  readonly figures: { readonly running: number; readonly waiting: number };
}

/** Nothing runs yet. */
export function createTurns({ concurrency, queue }: TurnLimits): Turns {
  const waiting: ((go: boolean) => void)[] = [];
  let running = 0;
  return {
    enter(signal) {
      if (signal?.aborted) return Promise.resolve(false);
      if (running < concurrency && waiting.length === 0) {
        running++;
        return Promise.resolve(true);
      }
      if (waiting.length >= queue) {
        throw new RequestError(`${waiting.length} requests wait for this model already; try again later`, {
          status: 429,
          code: "queue_full",
          type: "rate_limit_error",
        });
      }
      return new Promise((resolve) => {
        const go = (admitted: boolean) => {
          unlisten();
          if (admitted) running++;
          resolve(admitted);
        };
        waiting.push(go);
        const unlisten = onAbort(signal, () => {
          waiting.splice(waiting.indexOf(go), 1);
          go(false);
        });
      });
    },
    leave() {
      running--;
      waiting.shift()?.(true);
    },
    get figures() {
      return { running, waiting: waiting.length };
    },
  };
}

const last = new WeakMap<object, Promise<unknown>>();

/**
 * Runs work that needs exclusive use of a model or device, one task at a time: concurrent tasks would each allocate a
 * session's memory. `signal` ends the wait.
 */
export function alone<T>(what: object, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  const before = last.get(what);
  const result = (async () => {
    await before;
    signal?.throwIfAborted();
    return await work();
  })();
  const settled = result.then(
    () => undefined,
    () => undefined, // the caller has it
  );
  last.set(what, settled);
  return result;
}
