import { device } from "../../shell/device/device.ts";
import { count } from "../../shell/format.ts";
import { speeds, speedWords } from "../gpu/speed.ts";
import { checkAndTime, gpuFailure, gpuWork, stopGpu } from "../gpu/state.ts";
import * as state from "../state.ts";
import { Term } from "../terms/term.tsx";
import { isOfRecord } from "../worker/protocol.ts";

/** How fast a rung is on the visitor's GPU, next to the one before; timed at a press, once its result is right. */
export function SpeedHere() {
  const now = device.value;
  if (now.kind !== "ready") return null;
  const study = state.study.value;
  const speed = speeds.value.get(study.kernel);
  const work = gpuWork.value;
  const isChanged = !isOfRecord(study);
  if (isChanged && !speed) return null;
  const sizes = Object.entries(speed?.sizes ?? {}).map(([name, value]) => `${name} ${count(value)}`);
  return (
    <p class="row small" id="speed">
      <span>
        <Term name="speed">Speed here</Term>: {speed ? speedWords(speed) : "not timed yet"}
        {sizes.length > 0 && ` (${sizes.join(", ")})`}
        {speed?.ms !== undefined && now.facts.software && "; a software adapter’s times say nothing about a GPU"}.
      </span>
      {!isChanged && (
        <button type="button" onClick={() => (work ? stopGpu() : void checkAndTime(false))}>
          {work ? "Stop" : speed ? "Time it again" : "Time it here"}
        </button>
      )}
      {work && !isChanged && <span class="muted">{work}…</span>}
      {gpuFailure.value && <span class="problem">{gpuFailure.value}</span>}
    </p>
  );
}
