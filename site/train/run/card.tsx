import { useState } from "preact/hooks";
import { CopyButton } from "../../shell/controls/copy-button.tsx";
import { device } from "../../shell/device/device.ts";
import { count, counted, digits, duration, fileSize, percent } from "../../shell/format.ts";
import { clause } from "../../shell/trouble/sentence.ts";
import { linkNow } from "../address.ts";
import {
  begun,
  doing,
  ended,
  facts,
  kept,
  live,
  other,
  phase,
  problem,
  searching,
  settings,
  shown,
  speed,
  text,
} from "../state.ts";
import { taskOf } from "../tasks/tasks.ts";
import { cancel, pause, reset, save, takeOther, train } from "./actions.ts";
import { endedWords } from "./ended-words.ts";
import { ExportButtons } from "./export.tsx";
import { loading } from "./loading.ts";
import { LoadingBar } from "./loading-bar.tsx";
import { TaskPicker } from "./task-picker.tsx";
import { Waiting } from "./waiting.tsx";

/** Bytes of the bundled models' files, from the build. */
declare const VOICES_DENSE_BYTES: number;
declare const VOICES_NANO_BYTES: number;

const baseBytes = () => (settings.value.base === "voices-nano" ? VOICES_NANO_BYTES : VOICES_DENSE_BYTES);

/** The tasks, and the buttons and the state of a run. */
export function RunCard() {
  const { task } = settings.value;
  return (
    <section class="work" aria-label="Run">
      <TaskPicker />
      {taskOf(task).text && <TextField />}
      <Buttons />
      <LoadingBar />
      <Status />
      {other.value && (
        <p class="notice" id="other-run">
          <span>
            A run of this task with other settings is kept, of {counted(other.value.step, "step")}. Training with these
            takes its place.
          </span>
          <button type="button" onClick={() => void takeOther()}>
            Go on with that one
          </button>
        </p>
      )}
    </section>
  );
}

function TextField() {
  const { standard = "", whose = "", asks = "" } = taskOf(settings.value.task).text ?? {};
  return (
    <label class="field">
      <span>
        {asks} ({count(new TextEncoder().encode(text.value || standard).length)} bytes
        {text.value === "" ? `, ${whose}` : ""}); it stays on this device, and is part of a link to this run
      </span>
      <textarea
        id="own-text"
        rows={4}
        placeholder={`${standard.slice(0, 160)}…`}
        value={text.value}
        disabled={begun.value || phase.value !== "idle"}
        onInput={({ currentTarget: { value } }) => {
          text.value = value;
        }}
      />
    </label>
  );
}

/** Why training is not possible now. */
function whyNot(): string | undefined {
  if (device.value.kind === "opening") return "Opening the GPU…";
  if (device.value.kind !== "ready") return "Nothing can be trained without a GPU; see below.";
  if (problem.value !== undefined) return problem.value;
  if (searching.value) return "Looking for a run that is kept here…";
  if (phase.value === "idle" && begun.value && shown.value.history.steps.length >= settings.value.steps) {
    return "All steps are done: allow more, or reset the run.";
  }
  return undefined;
}

function Buttons() {
  const [asking, setAsking] = useState(false);
  const why = doing.value === undefined ? whyNot() : "The model is being made.";
  const disabled = why !== undefined;
  const described = disabled ? "why-not" : undefined;
  const running = phase.value === "running" || phase.value === "pausing";
  const waiting = phase.value !== "idle" && doing.value !== undefined && loading.value === undefined;
  return (
    <>
      <p class="row">
        {waiting ? (
          <button type="button" class="primary" onClick={cancel}>
            Cancel
          </button>
        ) : running ? (
          <button type="button" class="primary" aria-disabled={phase.value === "pausing"} onClick={() => void pause()}>
            {phase.value === "pausing" ? "Pausing after this step" : "Pause"}
          </button>
        ) : (
          <button
            type="button"
            class="primary"
            aria-disabled={disabled}
            aria-describedby={described}
            onClick={() => disabled || train()}
          >
            {begun.value
              ? "Resume"
              : taskOf(settings.value.task).adapts && !live.value
                ? `Load ${fileSize(baseBytes())} and train`
                : "Train"}
          </button>
        )}
        <button
          type="button"
          aria-disabled={disabled || running}
          aria-describedby={described}
          onClick={() => disabled || running || train(1)}
        >
          One step
        </button>
        {begun.value && live.value && !waiting && (
          <button type="button" onClick={() => void save()}>
            Save now
          </button>
        )}
        {begun.value && !running && !asking && (
          <button type="button" onClick={() => setAsking(true)}>
            Reset…
          </button>
        )}
        {!asking && (
          <CopyButton what="Link" text={linkNow}>
            Copy link
          </CopyButton>
        )}
        {asking && (
          <>
            <span class="small">Delete this run of {counted(shown.value.history.steps.length, "step")}?</span>
            <button
              type="button"
              onClick={() => {
                setAsking(false);
                void reset();
              }}
            >
              Delete it
            </button>
            <button type="button" onClick={() => setAsking(false)}>
              Keep it
            </button>
          </>
        )}
        {disabled && (
          <span class="small muted" id="why-not">
            {waiting ? <Waiting /> : why}
          </span>
        )}
      </p>
      {waiting && <progress aria-label="Before the first step" />}
      {begun.value && live.value && !running && <ExportButtons />}
    </>
  );
}

/** The progress of the run, and its speed. */
function Status() {
  const { history, recorded } = shown.value;
  const step = history.steps.length;
  if (recorded) {
    return (
      <p class="small" id="run-facts">
        Recorded earlier, not on this device: {counted(step, "step")} of sorting, until{" "}
        {percent(history.looks.at(-1)?.accuracy)} of what is held out was right. Train to see it happen here.
      </p>
    );
  }
  if (!begun.value) {
    return (
      <p class="small" id="run-facts">
        Nothing is trained yet. The loss, the model's answers and its attention will appear here.
      </p>
    );
  }
  const { batch, steps } = settings.value;
  const tokens = facts.value?.context ?? 0;
  const now = speed.value;
  const left = now && phase.value === "running" ? (steps - step) / now.stepsPerSecond : undefined;
  return (
    <>
      <progress value={step} max={steps} aria-label="Steps" />
      <p class="small" id="run-facts" data-phase={phase.value}>
        {phase.value === "running" ? "Training" : phase.value === "idle" ? endedWords() : "Wait"} · step {count(step)}{" "}
        of {count(steps)} · {digits(history.seconds)} s
        {now
          ? ` · ${digits(now.stepsPerSecond)} steps/s, ${count(now.stepsPerSecond * batch * tokens)} tokens/s${now.submits > 1 ? ` in ${now.submits} submits a step` : ""}`
          : ""}
        {left !== undefined && Number.isFinite(left) ? ` · at most ${duration(left)} left` : ""}
        {ended.value?.reason === "diverged" ? " · went back to the last save" : ""}
      </p>
      <p class="small muted" id="kept">
        {kept.value === undefined
          ? ""
          : kept.value.why === undefined
            ? `Kept in this browser at step ${count(kept.value.step)}: a closed tab goes on from there.`
            : `Not kept in this browser (${clause(kept.value.why)}): this tab alone has the run, as of step ${count(kept.value.step)}.`}
      </p>
    </>
  );
}
