import { effect, signal } from "@preact/signals";
import type { TuneResult } from "../../../src/generate/tuning/options.ts";
import { counted } from "../../shell/format.ts";
import { say } from "../../shell/status.ts";
import { keep } from "../../shell/store.ts";
import { tuned } from "../state.ts";
import { engineNow } from "../worker/client.ts";
import { load } from "./load.ts";

/** The state and result of measuring kernels on this device. */
export type TuningState =
  | { readonly kind: "none" }
  | { readonly kind: "running"; readonly done: number; readonly total: number | undefined }
  | { readonly kind: "done"; readonly says: string }
  | { readonly kind: "failed"; readonly why: string };

export const tuning = signal<TuningState>({ kind: "none" });

/** Milliseconds after which no further measurement begins. */
const budget = 60_000;

let ended = new AbortController();

export function useMeasured(on: boolean): void {
  tuned.value = on;
  keep("tuned", on ? "on" : "off");
}

/** Measures the kernels of the loaded model. */
export async function startTuning(): Promise<void> {
  if (load.value.kind !== "ready" || tuning.value.kind === "running") return;
  const model = load.value.info.id;
  const mine = new AbortController();
  ended = mine;
  const show = (state: TuningState) => {
    if (ended === mine) tuning.value = state;
  };
  show({ kind: "running", done: 0, total: undefined });
  say("Measuring kernels on this device");
  try {
    const engine = await engineNow();
    const onProgress = ({ done, total }: { readonly done: number; readonly total: number }) =>
      show({ kind: "running", done, total });
    const result = await engine.tune({ model, budget, signal: mine.signal, onProgress });
    if (ended !== mine) return;
    if (result.stored) useMeasured(true);
    const says = wordsOf(result);
    show({ kind: "done", says });
    say(says);
  } catch (error) {
    show({ kind: "failed", why: error instanceof Error ? error.message : String(error) });
  }
}

/** Ends the measurement; results so far are kept. */
export const stopTuning = (): void => ended.abort();

/** The result of a pass, as text. */
export function wordsOf({ rows, left, aborted, stored }: TuneResult): string {
  const why = aborted ? "you stopped it" : "the time was up";
  if (rows.length === 0) return left > 0 || aborted ? `Nothing was measured: ${why}.` : "There is nothing to measure.";
  const won = rows.filter(({ choice, untuned }) => choice !== untuned).length;
  const faster =
    won === 0
      ? `All ${counted(rows.length, "measured call")} stay as they are`
      : `${won} of ${counted(rows.length, "call")} ${won === 1 ? "is" : "are"} faster with another kernel`;
  const rest = left > 0 ? `; ${counted(left, "call")} not measured, since ${why}` : "";
  const use = stored
    ? "used from the next load on this device"
    : "this browser does not let the page store it, so it is used until the page is closed";
  return `${faster}${rest}. ${use[0]?.toUpperCase()}${use.slice(1)}.`;
}

/** Unloading a model discards its measurement state. */
effect(() => {
  if (load.value.kind === "ready") return;
  ended.abort();
  ended = new AbortController();
  if (tuning.peek().kind === "running") tuning.value = { kind: "none" };
});
