import type { Interval } from "../harness/timing.ts";
import type { Prepared } from "./engines/engine.ts";

/**
 * Wall-clock time of this many runs, each submitted the way the engine does it, with one wait for all of them at the
 * end. An interval during which the page was hidden is repeated once it is visible, because browsers slow hidden pages
 * down.
 */
export function intervalOf(prepared: Prepared, signal: AbortSignal): Interval {
  return async (repeats) => {
    for (;;) {
      await visible(signal);
      const before = performance.now();
      for (let i = 0; i < repeats; i++) {
        const waits = prepared.run();
        if (waits) await waits;
      }
      await prepared.settle();
      const after = performance.now();
      if (hiddenSince < before) return after - before;
    }
  };
}

/** When the page was last hidden. */
let hiddenSince = Number.NEGATIVE_INFINITY;

globalThis.document?.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") hiddenSince = performance.now();
});

/** Waits until the page is visible. Throws the reason of `signal` when it aborts. */
async function visible(signal: AbortSignal): Promise<void> {
  while (globalThis.document?.visibilityState === "hidden") {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
