import { count } from "../../shell/format.ts";
import * as state from "../state.ts";
import { Term } from "../terms/term.tsx";
import * as actions from "./actions.ts";
import { restart } from "./session.ts";
import { Timeline } from "./timeline.tsx";

const buttons: readonly (readonly [sign: string, name: string, keys: string, run: () => void])[] = [
  ["|◀", "First step", "0", () => actions.toStep(0)],
  ["◀‖", "Previous barrier", "B", () => actions.toBarrier("previous")],
  ["◀", "Step back", "Shift+F10", () => actions.step("over", "previous")],
  ["▶", "Step over", "F10", () => actions.step("over")],
  ["↓", "Step into", "F11", () => actions.step("into")],
  ["↑", "Step out", "Shift+F11", () => actions.step("out")],
  ["‖▶", "Next barrier", "b", () => actions.toBarrier("next")],
  ["▶▶", "Run", "F8", () => actions.run()],
];

/** Moves through the run: buttons, a time line, and a slider. */
export function Transport() {
  const { reached = 0, total } = state.progress.value ?? {};
  const now = state.frame.value?.where.step ?? 0;
  const ready = state.opened.value !== undefined && state.problem.value === undefined;
  return (
    <section class="transport" aria-label="Steps" id="steps" tabIndex={-1}>
      <div class="row transport-row">
        {buttons.map(([sign, name, keys, run]) => (
          <button
            key={name}
            type="button"
            title={`${name} (${keys})`}
            aria-label={name}
            aria-disabled={!ready}
            onClick={() => ready && run()}
          >
            <span aria-hidden="true">{sign}</span>
          </button>
        ))}
        <span class="small where" id="where">
          <Words />
        </span>
      </div>
      <Timeline />
      <input
        type="range"
        class="scrubber"
        aria-label="Step"
        aria-valuetext={`step ${now} of ${total ?? reached}`}
        min={0}
        max={Math.max(1, total ?? reached)}
        value={now}
        disabled={!ready}
        onInput={({ currentTarget }) => actions.toStep(Math.min(reached, Number(currentTarget.value)))}
      />
    </section>
  );
}

/** Where the run stands, in words. */
function Words() {
  const { where, strand } = state.frame.value ?? {};
  if (state.problem.value) return <>does not run</>;
  if (!where) return <>opening…</>;
  const { total, reached, end } = state.progress.value ?? {};
  const place = where.strands[strand ?? 0];
  const turn = place?.turn;
  return (
    <>
      <Term name="step">step</Term> <span id="step-number">{count(where.step)}</span> of{" "}
      {total === undefined ? `${count(reached ?? 0)}…` : count(total)} · <Term name="barrier">barriers</Term> passed:{" "}
      <span id="barrier-number">{where.barriers}</span>
      {turn !== undefined && ` · turn ${turn} of the loop`}
      {place?.status === "ended" && " · ended"}
      {end?.kind === "steps" && " · stopped: too many steps"}
      {state.busy.value && total === undefined && (
        <>
          {" "}
          <button type="button" onClick={restart}>
            Stop
          </button>
        </>
      )}
    </>
  );
}
