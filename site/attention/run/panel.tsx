import { useEffect, useState } from "preact/hooks";
import { CopyButton } from "../../shell/controls/copy-button.tsx";
import { device, needs } from "../../shell/device/device.ts";
import { count, counted, digits, memory } from "../../shell/format.ts";
import { reportOf, type Trouble } from "../../shell/trouble/trouble.ts";
import { Troubles } from "../../shell/trouble/troubles.tsx";
import { subjectNames } from "../setup/setup.ts";
import { problems, setup } from "../state.ts";
import { troubles } from "../troubles.ts";
import { about, type CaseEstimate, estimate } from "./estimate.ts";
import { isBusy, type RunState, run, start, stop } from "./run.ts";

/** The button that measures, the estimated cost of a run, and its progress. */
export function RunPanel() {
  const state = run.value;
  const busy = isBusy();
  const { cases, seconds } = estimate.value;
  const [wrong] = problems.value.values();
  const why = wrong ?? whyNot();
  const names = wrong === undefined ? subjectNames(setup.value) : [];
  const measurements = cases.length * names.length;
  useEffect(() => {
    const largest = Math.max(0, ...cases.map(({ largest }) => largest));
    needs.value = { binding: largest, buffer: largest, storageBuffers: 8 };
  }, [cases]);
  useTitle(state);
  return (
    <section class="run" aria-label="Run">
      <div class="row">
        <button
          type="button"
          class="primary"
          id="run"
          aria-disabled={why !== undefined && !busy}
          aria-describedby={why !== undefined && !busy ? "why-not" : undefined}
          onClick={() => (busy ? stop() : why === undefined && void start())}
        >
          {busy ? "Stop" : `Run ${counted(measurements, "measurement")}`}
        </button>
        <span class="small" id="why-not">
          {busy ? <Remaining state={state} /> : (why ?? outlook(cases, seconds))}
        </span>
        {busy && (
          <CopyButton what="Report" text={() => reportOf([running(state, names)])}>
            Copy report
          </CopyButton>
        )}
      </div>
      {/* Always there, so that nothing below moves when a run starts or ends. */}
      <p class="small muted phase">{busy && phase(state, names)}</p>
      <progress
        class={busy ? "" : "away"}
        value={stepsOf(state, names)}
        max={Math.max(1, state.total)}
        aria-label="Progress"
        aria-valuetext={`case ${Math.min(state.done + 1, state.total)} of ${state.total}`}
      />
      {wrong === undefined && <Cases cases={cases} state={state} />}
      <Troubles troubles={troubles.value} />
    </section>
  );
}

/** The estimated cost of a run. */
function outlook(cases: readonly CaseEstimate[], seconds: number): string {
  const skipped = cases.filter((given) => given.skipped !== undefined).length;
  const all = counted(cases.length, "case");
  if (skipped === cases.length) return `no time; ${all}, which will be skipped`;
  const left = skipped > 0 ? `${all}, ${skipped} of them skipped` : all;
  return `${about(seconds)}; ${left}, every result checked before it is timed`;
}

/** The current run, for a report. */
const running = (state: RunState, names: readonly string[]): Trouble => ({
  key: "running",
  level: "note",
  says: `case ${state.done + 1} of ${state.total}, ${phase(state, names)}`,
  todo: "",
});

function whyNot(): string | undefined {
  switch (device.value.kind) {
    case "opening":
      return "Opening the GPU.";
    case "missing":
      return "Nothing can be measured without WebGPU; the recorded run stays on the page.";
    case "lost":
      return "The GPU was lost; open it again first.";
    case "ready":
      return undefined;
  }
}

/** Finished cases, plus the fraction of the current one: its reference, each subject, and the timing. */
function stepsOf({ what, done }: RunState, names: readonly string[]): number {
  const step = what.slice(what.lastIndexOf(": ") + 2);
  const at = step === "timing" ? names.length + 1 : names.indexOf(step) + 1;
  return done + at / (names.length + 2);
}

/** The current activity, for readers. */
function phase({ what, waiting, total }: RunState, names: readonly string[]): string {
  if (what.startsWith("peaks")) return "measuring the peaks of this device";
  if (total === 0) return what;
  const at = what.lastIndexOf(": ");
  const [name, step] = [what.slice(0, at), what.slice(at + 2)];
  if (waiting) return `${name}: waiting until this page is seen, since browsers slow hidden ones down`;
  if (step === "float64") return `${name}: computing the reference in float64`;
  if (step === "timing") return `${name}: timing in turns`;
  return `${name}: compiling and checking ${step}, ${names.indexOf(step) + 1} of ${names.length} (slower on a first visit or after a browser update; not part of the times)`;
}

function Remaining({ state }: { state: RunState }) {
  const [now, setNow] = useState(performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const spent = Math.max(0, (now - state.startedAt) / 1000);
  const left = state.seconds - spent;
  return (
    <>
      {state.total > 0 && `case ${Math.min(state.done + 1, state.total)} of ${state.total} · `}
      {count(spent)} s elapsed
      {state.seconds > 0 && (left > 0 ? `, ${about(left)} left` : ", longer than estimated")}
    </>
  );
}

/** Every case: its estimated cost before a run, and its progress during one. */
function Cases({ cases, state }: { cases: readonly CaseEstimate[]; state: RunState }) {
  const busy = isBusy();
  const status = (i: number, skipped: string | undefined) => {
    if (skipped) return "will be skipped";
    if (!busy || state.total === 0) return about(cases[i]?.seconds ?? 0);
    return i < state.done ? "✓ done" : i === state.done ? "▶ now" : "waiting";
  };
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (busy) setOpen(true); // stays open: closing automatically would move the text being read
  }, [busy]);
  return (
    <details class="cases" open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>What a run takes, case by case</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section class="frame" aria-label="Cases" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">case</th>
              <th scope="col" class="number">
                MFLOP a run
              </th>
              <th scope="col" class="number">
                memory
              </th>
              <th scope="col">{busy ? "progress" : "time"}</th>
            </tr>
          </thead>
          <tbody>
            {cases.map(({ name, flops, atMost, memory: bytes, skipped }, i) => (
              <tr key={name}>
                <td>{name}</td>
                <td class="number">
                  {atMost && "≤ "}
                  {flops < 1e9 ? digits(flops / 1e6) : count(flops / 1e6)}
                </td>
                <td class="number">{memory(bytes)}</td>
                <td title={skipped}>{status(i, skipped)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}

/** The tab's title shows the progress, for readers in another tab. */
function useTitle({ kind, done, total }: RunState): void {
  useEffect(() => {
    const title = "Attention laboratory · Shaderformer";
    document.title = kind === "running" && total > 0 ? `${done + 1} of ${total} · ${title}` : title;
  }, [kind, done, total]);
}
