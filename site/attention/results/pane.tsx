import { digits } from "../../shell/format.ts";
import { Plots } from "../plots/plots.tsx";
import { isBusy } from "../run/run.ts";
import { Downloads } from "./downloads.tsx";
import { Origin, Summary } from "./finding.tsx";
import { GradientTable } from "./gradient-table.tsx";
import { compared, nameOf, type Shown, shown, showRecorded } from "./results.ts";
import { ResultsTable } from "./table.tsx";

/** The origin of the result and its verdict: the first thing on the page. */
export function Finding() {
  return (
    <section aria-label="Finding">
      <Origin result={shown.value} />
      <Summary result={shown.value} />
    </section>
  );
}

/** The shown result: plots, table and files. */
export function Results() {
  const result = shown.value;
  const beside = compared.value;
  return (
    <section aria-label="Results" class="results">
      <h2>Results</h2>
      <Plots result={result} />
      <GradientTable result={result} />
      <ResultsTable result={result} />
      <Downloads />
      <div class="row">
        {result !== beside && (
          <button
            type="button"
            onClick={() => {
              compared.value = result;
            }}
          >
            Keep as dashed lines to compare
          </button>
        )}
        {beside && (
          <button
            type="button"
            onClick={() => {
              compared.value = undefined;
            }}
          >
            Remove the dashed lines: {nameOf(beside)}
          </button>
        )}
        {result.origin !== "recorded" && !isBusy() && (
          <button type="button" onClick={showRecorded}>
            Show the recorded run
          </button>
        )}
      </div>
      <Device result={result} />
    </section>
  );
}

/** How it was measured, which every screenshot must show. */
function Device({ result: { environment: about, peaks } }: { result: Shown }) {
  if (!about) return null;
  const peak = (name: string, value: number | null | undefined, unit: string) =>
    value === null || value === undefined ? `${name} n/a` : `${name} ${digits(value)} ${unit}`;
  const clock = about.clock === "gpu" ? "timestamps of the GPU" : "wall clock over whole submits";
  return (
    <p class="small muted honesty">
      {about.software ? "Software adapter, not a GPU: these speeds say nothing about a GPU. " : ""}
      {about.adapter}; {about.runtime}; {about.platform}; {about.date.slice(0, 10)}; features{" "}
      {about.features.length > 0 ? about.features.join(", ") : "none"}; clock: {clock} in steps of{" "}
      {digits(about.clockQuantumMs * 1000)} µs
      {about.waitMs !== undefined && `; an empty submit takes ${digits(about.waitMs)} ms`}. Other tabs and battery
      saving slow a run.
      {peaks &&
        ` Measured peaks: ${[
          peak("f32", peaks.tflopsF32.value && peaks.tflopsF32.value * 1000, "GFLOP/s"),
          peak("f16", peaks.tflopsF16.value && peaks.tflopsF16.value * 1000, "GFLOP/s"),
          peak("copy", peaks.copyGbs.value, "GB/s"),
          peak("workgroup memory", peaks.workgroupGbs.value, "GB/s"),
          peak("dispatch", peaks.dispatchUs.value, "µs"),
        ].join(", ")}.`}
    </p>
  );
}
