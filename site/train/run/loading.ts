// Progress of loading the bundled base model of an adapter.
import { signal } from "@preact/signals";
import type { LoadProgress } from "../../../src/formats/load-progress.ts";
import { advance, type Meter, noProgress } from "../../shell/model/meter.ts";
import { say } from "../../shell/status.ts";

/** The progress of the current load. */
export const loading = signal<Meter | undefined>(undefined);

let ended = new AbortController();
let announced = 0;
/** The meter is drawn at most this often, milliseconds. */
const paintEvery = 100;
let [latest, painted]: [Meter, number] = [noProgress, 0];

/** The reason of a load that the reader has cancelled. */
const cancelled = new DOMException("the load was cancelled", "AbortError");

/** True for the error of a cancelled load. */
export const isCancelled = (error: unknown): boolean => error === cancelled;

/** Begins a load; returns the signal that ends it. */
export function beginLoading(): AbortSignal {
  ended = new AbortController();
  [announced, painted, latest] = [0, 0, noProgress];
  loading.value = latest;
  say("Loading the model");
  return ended.signal;
}

/** Takes a report. A screen reader hears every quarter. */
export function followLoading(progress: LoadProgress): void {
  if (!loading.value) return;
  const now = performance.now();
  latest = advance(latest, progress, now);
  const quarter = Math.floor(latest.fraction * 4);
  if (quarter > announced && quarter < 4) say(`${quarter * 25} % of the model loaded`);
  announced = Math.max(announced, quarter);
  if (now - painted < paintEvery) return;
  painted = now;
  loading.value = latest;
}

/** The load is over. */
export function endLoading(): void {
  loading.value = undefined;
}

/** Ends the load; downloads stay in the browser's storage. */
export function cancelLoading(): void {
  ended.abort(cancelled);
  say("Loading the model was cancelled");
}
