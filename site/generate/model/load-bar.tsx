import { useRef } from "preact/hooks";
import { count, counted, fileSize, percent } from "../../shell/format.ts";
import type { Meter } from "../../shell/model/meter.ts";
import { advanceWords } from "../../shell/model/meter-words.ts";
import { cancelLoading, load, pauseLoading, resumeLoading } from "./load.ts";

/** Cancelling after more than this many bytes asks first. */
const manyBytes = 100e6;

/** The progress of a load, with its buttons. */
export function LoadBar() {
  const sheet = useRef<HTMLDialogElement>(null);
  const state = load.value;
  if (state.kind !== "loading" && state.kind !== "paused") return null;
  const { name, meter } = state;
  const paused = state.kind === "paused";
  const download = meter.phases.download;
  const fetched = (download?.done ?? 0) - (download?.fromCache ?? 0);
  const cancel = () => (fetched > manyBytes ? sheet.current?.showModal() : cancelLoading());
  return (
    <>
      <h2>
        {paused ? "Paused" : "Loading"} {name}
      </h2>
      <progress
        value={meter.fraction}
        max={1}
        aria-label={`Loading ${name}`}
        aria-valuetext={`${percent(meter.fraction)}, ${wordsOf(meter)}`}
      />
      <p class="small phase">
        {paused && download ? "Paused; what was downloaded is kept where this browser keeps it. " : ""}
        {wordsOf(meter)}
      </p>
      <p class="row">
        <button type="button" onClick={paused ? resumeLoading : pauseLoading}>
          {paused ? "Resume" : "Pause"}
        </button>
        <span class="space" />
        <button type="button" class="cancel" onClick={cancel}>
          Cancel
        </button>
      </p>
      <dialog ref={sheet} aria-label="Cancel the load">
        <p>
          {fileSize(fetched)} are here already. Cancel the load of {name}? What is kept can be deleted under Storage.
        </p>
        <p class="row">
          <button
            type="button"
            onClick={() => {
              sheet.current?.close();
              cancelLoading();
            }}
          >
            Cancel the load
          </button>
          <button type="button" onClick={() => sheet.current?.close()}>
            Go on loading
          </button>
        </p>
      </dialog>
    </>
  );
}

/** The phase with its numbers. */
function wordsOf(meter: Meter): string {
  const { phase, phases } = meter;
  const { done, total } = phases[phase] ?? { done: 0, total: 0 };
  const now = count(Math.min(done + 1, total));
  if (total > 0 && phase === "compile") {
    return `compiling ${now} of ${counted(total, "program")} (slower on a first visit, or after a browser update)`;
  }
  if (total > 0 && phase === "warm-up") return `warming up: step ${now} of ${count(total)}`;
  return advanceWords(meter);
}
