import { count } from "../../shell/format.ts";
import { load } from "../model/load.ts";
import { startTuning, stopTuning, tuning, useMeasured } from "../model/tuning.ts";
import { tuned } from "../state.ts";
import { isWriting } from "../text/state.ts";

/** Measures which kernels are fastest on this device, when the reader asks for it. */
export function TuningPanel() {
  const state = tuning.value;
  const measured = tuned.value;
  return (
    <section class="tuning" aria-label="Speed on this device">
      <h2>Speed on this device</h2>
      <p class="small muted" id="tuning-hint">
        Measures for up to a minute which kernels compute the model's steps fastest here. Only kernels with the same
        results are used. The results stay in this browser.
      </p>
      {state.kind === "running" ? <Running done={state.done} total={state.total} /> : <Begin />}
      {state.kind === "done" && <p class="small result">{state.says}</p>}
      {state.kind === "failed" && (
        <p class="problem" role="alert">
          The measurement failed: {state.why}
        </p>
      )}
      {measured !== undefined && (
        <p>
          <label>
            <input
              type="checkbox"
              checked={measured}
              onChange={({ currentTarget }) => useMeasured(currentTarget.checked)}
            />{" "}
            Load models with the kernels that were fastest here
          </label>
        </p>
      )}
    </section>
  );
}

function Begin() {
  const why = isWriting.value
    ? "The model is writing, which would disturb it."
    : load.value.kind === "ready"
      ? undefined
      : "Load a model first.";
  return (
    <p class="row">
      <button
        type="button"
        aria-disabled={why !== undefined}
        aria-describedby={why === undefined ? "tuning-hint" : "why-no-tuning"}
        onClick={() => why === undefined && void startTuning()}
      >
        Tune for this device
      </button>
      {why !== undefined && (
        <span class="small muted" id="why-no-tuning">
          {why}
        </span>
      )}
    </p>
  );
}

function Running({ done, total }: { done: number; total: number | undefined }) {
  const words = total === undefined ? "Running the model once" : `Measuring call ${count(done + 1)} of ${count(total)}`;
  return (
    <>
      <progress {...(total === undefined ? {} : { value: done / total })} max={1} aria-label="Tuning for this device" />
      <p class="row">
        <span class="small phase">{words}</span>
        <span class="space" />
        <button type="button" onClick={stopTuning}>
          Stop tuning
        </button>
      </p>
    </>
  );
}
