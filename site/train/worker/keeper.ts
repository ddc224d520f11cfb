import type { Progress } from "./protocol.ts";
import type { Session } from "./session.ts";
import { keep } from "./store.ts";

/** Saves a run in this browser during training. */
export interface Keeper {
  /** The last save, which is known to be sound. */
  readonly last: Blob | undefined;
  /** Seconds since then. */
  readonly age: number;
  readonly save: (report: (progress: Progress) => void) => Promise<void>;
  /** True while a requested save is pending. */
  readonly wanted: boolean;
  /** Requests a save between two steps; resolves once it is done. */
  readonly ask: () => Promise<void>;
}

/** If storage is forbidden or full, the run is kept in memory and the page shows the reason. */
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
