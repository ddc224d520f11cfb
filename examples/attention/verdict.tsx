import type { BenchRow } from "../../bench/result.ts";
import { digits, percent } from "../site/format.ts";
import { environment, peaks } from "./run.ts";

/** The finding in one sentence: at the longest case, the fastest right variant against the slowest. */
export function Verdict({ rows }: { rows: readonly BenchRow[] }) {
  const wrong = rows.filter(({ verdict }) => verdict === "fail");
  const right = rows.filter(({ verdict, medianMs }) => verdict === "pass" && medianMs !== null);
  const last = right.at(-1);
  const same = right.filter(({ batch, mask }) => batch === last?.batch && mask === last?.mask);
  const [fastest, ...others] = [...same].sort((p, q) => (p.medianMs ?? 0) - (q.medianMs ?? 0));
  const slowest = others.at(-1);
  return (
    <p class="lead">
      {fastest && slowest && (
        <>
          {environment.value?.software ? "On a software adapter, at" : "At"} {fastest.batch}, {fastest.mask}:{" "}
          <strong>{fastest.variant}</strong> is {digits((slowest.medianMs ?? 0) / (fastest.medianMs ?? 1))}× as fast as{" "}
          {slowest.variant}
          {fastest.shareOfPeak !== null &&
            `, ${percent(fastest.shareOfPeak)} of what this device's measured peaks allow`}
          .{" "}
        </>
      )}
      {wrong.length > 0 && (
        <span class="wrong">
          {wrong.length} {wrong.length === 1 ? "result is" : "results are"} wrong and not timed.
        </span>
      )}
    </p>
  );
}

/** Where the figures come from: what a screenshot has to show. */
export function Device() {
  const about = environment.value;
  if (!about) return null;
  const measured = peaks.value;
  const peak = (name: string, value: number | null | undefined, unit: string) =>
    value === null || value === undefined ? `${name} n/a` : `${name} ${digits(value)} ${unit}`;
  return (
    <p class="small muted honesty">
      {about.software ? "Software adapter, not a GPU: these speeds say nothing about one. " : ""}
      {about.adapter}; {about.runtime}; {about.date.slice(0, 10)}; features{" "}
      {about.features.length > 0 ? about.features.join(", ") : "none"}; clock:{" "}
      {about.clock === "gpu" ? "timestamps of the GPU" : "wall clock over whole submits"} in steps of{" "}
      {digits(about.clockQuantumMs * 1000)} µs.
      {measured &&
        ` Measured peaks: ${[
          peak("f32", measured.tflopsF32.value && measured.tflopsF32.value * 1000, "GFLOP/s"),
          peak("f16", measured.tflopsF16.value && measured.tflopsF16.value * 1000, "GFLOP/s"),
          peak("copy", measured.copyGbs.value, "GB/s"),
          peak("workgroup memory", measured.workgroupGbs.value, "GB/s"),
          peak("dispatch", measured.dispatchUs.value, "µs"),
        ].join(", ")}.`}
    </p>
  );
}
