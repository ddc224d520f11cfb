import type { LanguageModel } from "../../generate/language-model.ts";
import { type Session, sharedLength } from "../../generate/session.ts";
import { createTurns, type TurnLimits, type Turns } from "./turns.ts";

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
  /** Which generations run and wait. */
  readonly turns: Turns;
}

/**
 * Opens no session yet. The device's queue runs steps in order, so that sessions with work in it take turns: those of
 * `turns`, which models may share.
 */
export function createSessions(model: LanguageModel, limits: TurnLimits, turns = createTurns(limits)): Sessions {
  /** Sessions that nothing uses, the one used last at the end. */
  const idle: Session[] = [];

  function choose(tokens: readonly number[]): Session {
    const lengths = idle.map((session) => sharedLength(session.tokens(), tokens));
    const most = Math.max(-1, ...lengths);
    const best = lengths.indexOf(most); // of several, the one that was not used for longest
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
