import { counted, digits, duration, percent } from "../../shell/format.ts";
import { fieldsOf, type Settings, settingsFor } from "../setup/settings.ts";
import file from "./measured.json";
import { type TaskName, taskOf } from "./tasks.ts";

/** A run that was measured, as `scripts/measure-tasks.mjs` writes them. */
export interface MeasuredRun {
  readonly task: TaskName;
  /** Settings other than the task's own. */
  readonly given: Partial<Settings>;
  readonly steps: number;
  readonly seconds: number;
  /** The share of what was held out that was right, and its loss, at the end. */
  readonly right: number;
  readonly loss: number;
}

/** Where runs were measured, and the runs. */
export const measured = file as { readonly adapter: string; readonly runs: readonly MeasuredRun[] };

/** True of what does not change what is learnt by a step; how many there are does, where the rate follows from them. */
const isFree = (name: keyof Settings, { schedule }: Settings) =>
  name === "every" || (name === "steps" && (schedule === "constant" || schedule === "noam"));

/** True where both train the same model the same way. */
const isSame = (a: Settings, b: Settings): boolean =>
  [...fieldsOf(a.task).map(({ name }) => name), ...(["architecture", "base", "optimizer", "schedule"] as const)].every(
    (name) => isFree(name, a) || a[name] === b[name],
  );

/**
 * What these settings reach, where that was measured; and how long it takes at a speed, which only this device's own steps
 * say.
 */
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
      ? "How long they take here, the first of them will say."
      : `At this device's speed they take about ${duration(steps / stepsPerSecond)}.`
  }`;
}
