import { onAbort } from "../../options/abort.ts";
import { RequestError } from "../request-error.ts";

/** How many generations of a model run and wait. */
export interface TurnLimits {
  /** Generations that run at most. */
  readonly concurrency: number;
  /** Generations that may wait. */
  readonly queue: number;
}

/** Generations of one model, of which some run and others wait in the order of their calls. */
export interface Turns {
  /**
   * Waits for its turn; false where `signal` aborts before. Throws `RequestError` with status 429 where too many wait
   * already.
   */
  enter(signal: AbortSignal | undefined): Promise<boolean>;
  /** Ends what `enter` began. */
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
