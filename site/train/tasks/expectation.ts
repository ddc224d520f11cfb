import { counted, digits, duration, percent } from "../../shell/format.ts";
import { fieldsOf, type Settings, settingsFor } from "../setup/settings.ts";
import file from "./measured.json";
import { type TaskName, taskOf } from "./tasks.ts";

/** A measured run, as written by `scripts/measure/tasks.mjs`. */
export interface MeasuredRun {
  readonly task: TaskName;
  /** Settings other than the task's own. */
  readonly given: Partial<Settings>;
  readonly steps: number;
  readonly seconds: number;
  /** The final accuracy and loss on held-out examples. */
  readonly right: number;
  readonly loss: number;
}

/** The device of the measured runs, and the runs. */
export const measured = file as { readonly adapter: string; readonly runs: readonly MeasuredRun[] };

/** True for settings that do not affect what a step learns; the number of steps does, if the rate depends on it. */
const isFree = (name: keyof Settings, { schedule }: Settings) =>
  name === "every" || (name === "steps" && (schedule === "constant" || schedule === "noam"));

/** True if both train the same model in the same way. */
const isSame = (a: Settings, b: Settings): boolean =>
  [...fieldsOf(a.task).map(({ name }) => name), ...(["architecture", "base", "optimizer", "schedule"] as const)].every(
    (name) => isFree(name, a) || a[name] === b[name],
  );

/** What these settings reach, if measured; and how long it takes at this device's speed, known after some steps. */
export function expectationOf(settings: Settings, stepsPerSecond: number | undefined): string | undefined {
  const found = measured.runs.find(
    ({ task, given }) => task === settings.task && isSame(settings, settingsFor(task, given)),
  );
  if (!found) return undefined;
  const { steps, right, loss } = found;
  const { counted: what } = taskOf(settings.task);
  const share = what === undefined ? percent(right) : `${percent(right)} of ${what}`;
  return `To expect: ${share} right, loss ${digits(loss)}, after ${counted(steps, "step")}. ${
    stepsPerSecond === undefined
      ? "The first steps show how long they take here."
      : `At this device's speed they take about ${duration(steps / stepsPerSecond)}.`
  }`;
}
