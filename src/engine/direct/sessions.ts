import type { LanguageModel } from "../../generate/language-model.ts";
import { type Session, sharedLength } from "../../generate/session/session.ts";
import { createTurns, type TurnLimits, type Turns } from "./turns.ts";

/** The sessions of one model. Each is used by one generation at a time, and keeps its cache for the next. */
export interface Sessions {
  /**
   * A session to continue these tokens with, as soon as one is free, in the order of the calls; undefined if `signal`
   * aborts before. Throws `RequestError` with status 429 if too many already wait.
   */
  take(tokens: readonly number[], signal: AbortSignal | undefined): Promise<Session | undefined>;
  /** Returns a session from `take`; `spoilt` if its memory must not be reused. */
  give(session: Session, spoilt?: boolean): void;
  /** Frees the memory of unused sessions; returns their number. */
  freeIdle(): number;
  /** Counts of running and waiting generations. */
  readonly turns: Turns;
}

/**
 * Opens no session yet. The device's queue runs steps in order, so concurrent sessions alternate, limited by `turns`,
 * which models may share.
 */
export function createSessions(model: LanguageModel, limits: TurnLimits, turns = createTurns(limits)): Sessions {
  /** Unused sessions, most recently used last. */
  const idle: Session[] = [];

  function choose(tokens: readonly number[]): Session {
    const lengths = idle.map((session) => sharedLength(session.tokens(), tokens));
    const most = Math.max(-1, ...lengths);
    const best = lengths.indexOf(most); // among several, the least recently used
    const room = turns.figures.running + idle.length <= limits.concurrency;
    // A conversation's cache is worth more to its next turn than to a request that shares a few tokens with it.
    const keeps = most > 0 && 2 * most >= Math.min(idle[best]?.tokens().length ?? 0, tokens.length);
    if (best < 0 || (room && !keeps)) return model.session();
    return idle.splice(best, 1)[0] ?? model.session();
  }

  return {
    async take(tokens, signal) {
      if (!(await turns.enter(signal))) return undefined;
      try {
        return choose(tokens);
      } catch (error) {
        turns.leave();
        throw error;
      }
    },
    give(session, spoilt = false) {
      if (spoilt) session.dispose();
      else idle.push(session);
      turns.leave();
    },
    freeIdle() {
      const free = idle.splice(0);
      for (const session of free) session.dispose();
      return free.length;
    },
    turns,
  };
}
