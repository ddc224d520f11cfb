import { useRef } from "preact/hooks";
import type { LoadPhase } from "../../../src/formats/load-progress.ts";
import { count, counted, duration, fileSize, memory, percent } from "../../shell/format.ts";
import { type Meter, paceOf } from "../../shell/model/meter.ts";
import { cancelLoading, load, pauseLoading, resumeLoading } from "./load.ts";

/** A cancel with more than this many bytes in asks first. */
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
        {paused ? "Paused; what was downloaded is kept where this browser keeps it. " : ""}
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

const verbs: Readonly<Record<LoadPhase, string>> = {
  download: "downloading",
  verify: "verifying",
  upload: "uploading to the GPU",
  compile: "compiling",
  "warm-up": "warming up",
};

/** The phase with its numbers. */
function wordsOf(meter: Meter): string {
  const { phase, phases } = meter;
  const { done, total, fromCache = 0 } = phases[phase] ?? { done: 0, total: 0 };
  if (total === 0) return "beginning";
  switch (phase) {
    case "download": {
      const pace = paceOf(meter);
      const kept = fromCache > 0 ? `, ${fileSize(fromCache)} from this browser's storage` : "";
      const rate = pace && done < total ? ` · ${fileSize(pace.rate)}/s · ${duration(pace.left)} left` : "";
      return `${verbs.download} ${fileSize(done)} of ${fileSize(total)}${kept}${rate}`;
    }
    case "upload":
      return `${verbs.upload}: ${memory(done)} of ${memory(total)}`;
    case "verify":
      return `${verbs.verify} ${fileSize(done)} of ${fileSize(total)}`;
    case "compile":
      return `compiling ${count(Math.min(done + 1, total))} of ${counted(total, "program")} (slower on a first visit, or after a browser update)`;
    case "warm-up":
      return `${verbs["warm-up"]}: step ${count(Math.min(done + 1, total))} of ${count(total)}`;
  }
}
