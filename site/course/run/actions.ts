import { valuesOf, withShown } from "../../../examples/14-course/experiment.ts";
import { device } from "../../shell/device/device.ts";
import { say } from "../../shell/status.ts";
import { failure, fields, id, own, phase, problems, section } from "../state.ts";
import { client } from "../worker/client.ts";

let running: AbortController | undefined;

/** Runs the experiment with the settings in the fields. */
export async function start(): Promise<void> {
  if (phase.value !== "idle" || device.value.kind !== "ready" || Object.keys(problems.value).length > 0) return;
  const controller = new AbortController();
  running = controller;
  failure.value = undefined;
  phase.value = "running";
  own.value = { shown: [] };
  say("Running");
  try {
    const values = valuesOf(section.settings, fields.value);
    const models = new URL("../models", document.baseURI).href;
    const found = await client.call(
      "run",
      { id, values, models },
      {
        signal: controller.signal,
        onProgress: (next) => {
          own.value = { shown: withShown(own.value?.shown ?? [], next) };
        },
      },
    );
    own.value = { shown: own.value?.shown ?? [], found };
    say(section.holds(found.figures) ? "The run has ended, and the claim holds" : "The run has ended");
  } catch (error) {
    if (own.value?.shown.length === 0) own.value = undefined; // the recorded run is shown again
    if (controller.signal.aborted) say("Stopped; what was found is shown");
    else failure.value = error;
  } finally {
    phase.value = "idle";
  }
}

/** Stops the run; what it has shown stays. */
export function stop(): void {
  running?.abort(new Error("stopped"));
}
