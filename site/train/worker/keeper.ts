import type { Progress } from "./protocol.ts";
import type { Session } from "./session.ts";
import { keep } from "./store.ts";

/** Keeps a run in this browser as it goes on. */
export interface Keeper {
  /** The run as it was kept last, which is a state without faults. */
  readonly last: Blob | undefined;
  /** Seconds since then. */
  readonly age: number;
  readonly save: (report: (progress: Progress) => void) => Promise<void>;
  /** True while a save is asked for that was not made yet. */
  readonly wanted: boolean;
  /** Asks for a save between two steps; resolves once it is made. */
  readonly ask: () => Promise<void>;
}

/** Where the browser forbids storage, or it is full, the run is kept in memory and the page hears why. */
export function keeperOf(session: Session, sim: string | undefined): Keeper {
  let last: Blob | undefined;
  let at = performance.now();
  let asking: (() => void)[] = [];
  return {
    get wanted() {
      return asking.length > 0;
    },
    ask: () => new Promise((resolve) => asking.push(resolve)),
    get last() {
      return last;
    },
    get age() {
      return (performance.now() - at) / 1000;
    },
    save: async (report) => {
      const run = await session.saved();
      const step = session.history.steps.length;
      last = run;
      at = performance.now();
      try {
        await keep(session.request.settings.task, run, sim);
        report({ kind: "saved", step, run });
      } catch (error) {
        report({ kind: "not-saved", step, run, why: error instanceof Error ? error.message : String(error) });
      }
      for (const resolve of asking) resolve();
      asking = [];
    },
  };
}
