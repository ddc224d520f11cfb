import type { LanguageModel } from "../../generate/language-model.ts";
import { type Session, sharedLength } from "../../generate/session.ts";
import { onAbort } from "../../options/abort.ts";
import { RequestError } from "../request-error.ts";

/** How many generations of a model run and wait. */
export interface SessionLimits {
  /** Sessions at most, and so generations that take turns. */
  readonly concurrency: number;
  /** Generations that may wait for a session. */
  readonly queue: number;
}

/** The sessions of one model. Each is used by one generation at a time, and keeps its cache for the next. */
export interface Sessions {
  /**
   * A session to continue these tokens with, as soon as one is free, in the order of the calls; undefined where `signal`
   * aborts before. Throws `RequestError` with status 429 where too many wait already.
   */
  take(tokens: readonly number[], signal: AbortSignal | undefined): Promise<Session | undefined>;
  /** Gives back what `take` returned; `spoilt` if its memory is not to be used again. */
  give(session: Session, spoilt?: boolean): void;
  /** Frees the memory of sessions that nothing uses; returns how many there were. */
  freeIdle(): number;
  readonly figures: { readonly running: number; readonly waiting: number };
}

/** Opens no session yet. The device's queue runs steps in order, so that sessions with work in it take turns. */
export function createSessions(model: LanguageModel, { concurrency, queue }: SessionLimits): Sessions {
  /** Sessions that nothing uses, the one used last at the end. */
  const idle: Session[] = [];
  const waiting: ((go: boolean) => void)[] = [];
  let running = 0;

  /** Waits for its turn; false if it was aborted before. */
  function admitted(signal: AbortSignal | undefined): Promise<boolean> {
    if (signal?.aborted) return Promise.resolve(false);
    if (running < concurrency && waiting.length === 0) {
      running++;
      return Promise.resolve(true);
    }
    if (waiting.length >= queue) {
      throw new RequestError(`${waiting.length} requests wait for this model already; try again later`, {
        ...{ status: 429, code: "queue_full", type: "rate_limit_error" },
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
  }

  function choose(tokens: readonly number[]): Session {
    const lengths = idle.map((session) => sharedLength(session.tokens(), tokens));
    const most = Math.max(-1, ...lengths);
    const best = lengths.indexOf(most); // of several, the one that was not used for longest
    const room = running + idle.length <= concurrency;
    // A conversation's cache is worth more to its next turn than to a request that shares a few tokens with it.
    const keeps = most > 0 && 2 * most >= Math.min(idle[best]?.tokens().length ?? 0, tokens.length);
    if (best < 0 || (room && !keeps)) return model.session();
    return idle.splice(best, 1)[0] ?? model.session();
  }

  return {
    async take(tokens, signal) {
      if (!(await admitted(signal))) return undefined;
      try {
        return choose(tokens);
      } catch (error) {
        running--;
        waiting.shift()?.(true);
        throw error;
      }
    },
    give(session, spoilt = false) {
      running--;
      if (spoilt) session.dispose();
      else idle.push(session);
      waiting.shift()?.(true);
    },
    freeIdle() {
      const free = idle.splice(0);
      for (const session of free) session.dispose();
      return free.length;
    },
    get figures() {
      return { running, waiting: waiting.length };
    },
  };
}
