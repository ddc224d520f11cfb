import type { Interval } from "../harness/timing.ts";
import type { Prepared } from "./engines/engine.ts";

/**
 * The wall clock around so many runs that are enqueued one after the other, each as the engine itself submits its work,
 * and one wait for all of them at the end. An interval in which the page was hidden is done again, once it is seen:
 * browsers slow hidden pages down.
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

/** When the page was hidden last. */
let hiddenSince = Number.NEGATIVE_INFINITY;

globalThis.document?.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") hiddenSince = performance.now();
});

/** Waits until the page can be seen. Throws what `signal` says. */
async function visible(signal: AbortSignal): Promise<void> {
  while (globalThis.document?.visibilityState === "hidden") {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
