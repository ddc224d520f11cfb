import { device } from "../../shell/device/device.ts";
import * as state from "../state.ts";
import type { GpuTimes } from "../worker/gpu-protocol.ts";
import { boundOf } from "./bars.ts";
import { timeText } from "./speed.ts";
import { checkAndTime, factor, gpuFailure, gpuTimes, gpuWork, stopGpu, withPeaks } from "./state.ts";

const factors = [1, 2, 4, 8, 16, 32] as const;

/** Times on the visitor's GPU, compared with the rung before and what the device can do at best. */
export function GpuPanel() {
  const why =
    device.value.kind === "opening"
      ? "Opening the GPU."
      : device.value.kind !== "ready"
        ? "No GPU here: all but the times works without."
        : state.problem.value
          ? "The text does not run."
          : undefined;
  const work = gpuWork.value;
  const { own } = state.study.value;
  const press = () => (work ? stopGpu() : why === undefined && void checkAndTime(withPeaks.value));
  return (
    <section class="panel" aria-label="On your GPU" id="gpu" tabIndex={-1}>
      <h2>On your GPU</h2>
      <div class="row">
        <button
          type="button"
          class="primary"
          aria-disabled={why !== undefined && !work}
          aria-describedby={why === undefined ? undefined : "no-gpu"}
          onClick={press}
        >
          {work ? "Stop" : "Check and time it here"}
        </button>
        {!own && (
          <label class="small">
            Times on sizes{" "}
            <select
              value={factor.value}
              onChange={({ currentTarget }) => {
                factor.value = Number(currentTarget.value);
              }}
            >
              {factors.map((by) => (
                <option key={by} value={by}>
                  {by === 1 ? "as above" : `${by} times those above`}
                </option>
              ))}
            </select>
          </label>
        )}
        <label class="small">
          <input
            type="checkbox"
            checked={withPeaks.value}
            onChange={({ currentTarget }) => {
              withPeaks.value = currentTarget.checked;
            }}
          />{" "}
          with what this device can do at best (5 s, once)
        </label>
        <span class="small muted" id="no-gpu">
          {why ?? (work && `${work}…`)}
        </span>
      </div>
      {gpuFailure.value && (
        <p class="problem" role="alert">
          {gpuFailure.value}
        </p>
      )}
      {gpuTimes.value && <Times {...gpuTimes.value.times} by={gpuTimes.value.factor} />}
    </section>
  );
}

function Times({ times, clock, peaks, by }: GpuTimes & { by: number }) {
  const longest = Math.max(0, ...times.map(({ timing }) => timing?.p90Ms ?? 0));
  const software = device.value.kind === "ready" && device.value.facts.software;
  const samples = times[0]?.timing?.samples ?? 0;
  return (
    <>
      <table class="times" id="times">
        <thead>
          <tr>
            <th scope="col">text</th>
            <th scope="col" class="number">
              median
            </th>
            <th scope="col" class="number">
              10 % to 90 %
            </th>
            <th scope="col" class="number">
              least possible
            </th>
            <th scope="col">
              <span class="hidden-text">bar</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {times.map((one) => {
            const { name, timing, reason } = one;
            const bound = boundOf(one, peaks);
            if (!timing) {
              return (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td colSpan={4} class="wraps">
                    n/a: {reason}
                  </td>
                </tr>
              );
            }
            const share = (ms: number) => `${Math.min(100, (100 * ms) / longest)}%`;
            return (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td class="number">{timeText(timing.medianMs)}</td>
                <td class="number">
                  {timeText(timing.p10Ms)} – {timeText(timing.p90Ms)}
                </td>
                <td class="number">{bound ? `${timeText(bound.ms)} (${bound.by})` : "–"}</td>
                <td class="bar-cell">
                  <div class="time-bar" style={`width: ${share(timing.medianMs)}`} />
                  {bound && <div class="time-bound" style={`left: ${share(bound.ms)}`} />}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <p class="small muted">
        Checked on what is above, then the median of {samples} intervals in turns, by{" "}
        {clock === "gpu" ? "the GPU’s timestamps" : "the clock around a submit"}, on sizes{" "}
        {by === 1 ? "as above" : `${by} times those above`}.{" "}
        {peaks
          ? "The line is the least possible time: each byte once at the measured bandwidth, or the operations at the measured rate."
          : ""}
        {software && " This is a software adapter: its times say nothing about a GPU, and do not explain the counters."}
      </p>
    </>
  );
}
