import { device } from "../../shell/device/device.ts";
import { counted } from "../../shell/format.ts";
import { sim } from "../../shell/sim.ts";
import { say } from "../../shell/status.ts";
import { addressHasSettings } from "../address.ts";
import { type Settings, settingsFor } from "../setup/settings.ts";
import {
  begun,
  doing,
  earlier,
  ended,
  facts,
  failure,
  head,
  history,
  isSameRun,
  kept,
  live,
  other,
  phase,
  problem,
  searching,
  settings,
  shownStep,
  speed,
  text,
} from "../state.ts";
import { type TaskName, taskOf } from "../tasks/tasks.ts";
import { client } from "../worker/client.ts";
import { noHistory, withAttention, withLook } from "../worker/history.ts";
import type { KeptRun, Progress } from "../worker/protocol.ts";
import { endedWords } from "./ended-words.ts";
import { holdTask } from "./hold.ts";
import { beginLoading, endLoading, followLoading, isCancelled } from "./loading.ts";
import { paceOfSteps } from "./pace.ts";

/** The settings of the worker's model. */
let openedWith = settings.value;

/** Clears the shown run, not the stored one; the next run is compared with it. */
function clear(): void {
  const { steps, looks } = history.value;
  if (looks.length > 1) earlier.value = { settings: settings.value, steps, looks };
  history.value = noHistory;
  for (const one of [facts, ended, kept, other, speed, shownStep, failure]) one.value = undefined;
  live.value = false;
}

/** Shows a stored run with its settings, so that it can continue. */
function take(run: KeptRun): void {
  clear();
  settings.value = run.settings;
  text.value = run.text;
  history.value = run.history;
  kept.value = { step: run.history.steps.length };
  say(`A run of ${counted(run.history.steps.length, "step")} is here to go on with`);
}

/** Finds a stored run of the chosen task, and shows it unless other settings were requested. */
export async function takeKept(areAsked = addressHasSettings()): Promise<void> {
  const chosen = settings.value;
  searching.value = true;
  try {
    const run = await client.call("kept", { task: chosen.task, sim });
    if (!run || chosen.task !== settings.value.task || begun.value) return;
    const same = isSameRun(run.settings, chosen) && run.text === text.value;
    if (same || !areAsked) take(run);
    else other.value = { settings: run.settings, text: run.text, step: run.history.steps.length };
  } catch (error) {
    // If storage is forbidden nothing is saved, and the page says so at the first attempt.
    if (error instanceof Error && /the kept run/.test(error.message)) failure.value = { during: "kept", error };
  } finally {
    searching.value = false;
  }
}

/** Continues the stored run, whose settings differ from those of the link. */
export async function takeOther(): Promise<void> {
  const run = await client.call("kept", { task: settings.value.task, sim }).catch(() => undefined);
  if (run) take(run);
}

/** Leaves the run, which stays stored. */
export async function leave(): Promise<void> {
  await stop();
  clear();
  head.value = { layer: 0, head: 0 };
}

/** Chooses another task: shows its stored run if there is one; the run of this task stays. */
export async function chooseTask(task: TaskName): Promise<void> {
  if (task === settings.value.task) return;
  await leave();
  settings.value = settingsFor(task);
  await takeKept(false);
}

/** Chooses other settings for the task. */
export async function tryVariation(given: Partial<Settings>): Promise<void> {
  await leave();
  settings.value = settingsFor(settings.value.task, given);
  await takeKept(true);
}

const pace = paceOfSteps();

function follow(progress: Progress): void {
  switch (progress.kind) {
    case "doing":
      doing.value = progress.what;
      return;
    case "loading":
      followLoading(progress.progress);
      return;
    case "steps": {
      const { steps, milliseconds, submits } = progress;
      const { seconds, ...rest } = history.value;
      history.value = { ...rest, steps: [...rest.steps, ...steps], seconds: seconds + milliseconds / 1000 };
      doing.value = undefined;
      const stepsPerSecond = pace.take({ steps: steps.length, milliseconds });
      if (stepsPerSecond !== undefined) speed.value = { stepsPerSecond, submits };
      return;
    }
    case "look":
    case "measured": {
      const { looks, attention } = history.value;
      history.value = {
        ...history.value,
        looks: withLook(looks, progress.look),
        attention: progress.kind === "look" ? withAttention(attention, progress.attention) : attention,
      };
      return;
    }
    case "saved":
      kept.value = { step: progress.step, run: progress.run };
      return;
    case "not-saved":
      kept.value = { step: progress.step, run: progress.run, why: progress.why };
  }
}

/** Makes the model, or restores that of the run, unless the worker has it. */
async function open(): Promise<boolean> {
  if (live.value && openedWith === settings.value) return true;
  phase.value = "opening";
  say("Making the model");
  const chosen = settings.value;
  const from = begun.value ? (kept.value?.run ?? "kept") : undefined;
  const base = new URL(`../models/${chosen.base}/`, document.baseURI).href;
  const { facts: found, history: past } = await client.call(
    "open",
    { settings: chosen, text: text.value, from, base, sim },
    { onProgress: follow, ...(taskOf(chosen.task).adapts ? { signal: beginLoading() } : {}) },
  );
  endLoading();
  [facts.value, history.value, live.value] = [found, past, true];
  openedWith = chosen;
  pace.begin();
  other.value = undefined;
  return true;
}

let training: Promise<void> | undefined;

/** Continues training, or takes so many steps. */
export function train(most?: number): void {
  const ready = device.value.kind === "ready" && !searching.value && problem.value === undefined;
  if (phase.value === "idle" && ready) training = trainNow(most);
}

async function trainNow(most: number | undefined): Promise<void> {
  failure.value = undefined;
  ended.value = undefined;
  pace.rest();
  phase.value = "opening";
  doing.value = "model";
  let during: "open" | "run" = "open";
  try {
    if (!(await holdTask(settings.value.task))) {
      failure.value = { during: "other-tab", error: new Error("another tab trains this task") };
      return;
    }
    await open();
    during = "run";
    phase.value = "running";
    if (most === undefined) say("Training");
    const result = await client.call("run", most === undefined ? {} : { most }, { onProgress: follow });
    ended.value = result;
    say(endedWords());
    if (result.reason === "diverged") await goBack();
  } catch (error) {
    live.value = false;
    if (device.value.kind === "ready" && !isCancelled(error)) failure.value = { during, error };
  } finally {
    endLoading();
    phase.value = "idle";
    doing.value = undefined;
  }
}

/** After a loss diverged: returns to the last save. */
async function goBack(): Promise<void> {
  live.value = false;
  const step = kept.value?.step ?? 0;
  const { steps, looks, attention, seconds } = history.value;
  history.value = {
    seconds,
    steps: steps.slice(0, step),
    looks: looks.filter((look) => look.step <= step),
    attention: attention.filter((one) => one.step <= step),
  };
}

/** Asks the worker to end after the current steps and save the run. */
export async function pause(): Promise<void> {
  if (phase.value !== "running") return;
  phase.value = "pausing";
  await client.call("pause", {}).catch(() => undefined);
  await training; // it then ends by itself
}

/** Cancels the preparation of a first step by ending the worker; another one opens the device. */
export function cancel(): void {
  if (doing.value === undefined || phase.value === "idle") return;
  live.value = false;
  if (history.value.steps.length === 0) history.value = noHistory; // the views are of an untrained model
  client.start(); // calls of the previous one fail
  say("Cancelled");
}

/** Ends the current work: immediately before a first step, else after the current steps. */
export async function stop(): Promise<void> {
  if (doing.value === undefined) return await pause();
  cancel();
  await training;
}

/** Saves the run in this browser now. */
export async function save(): Promise<void> {
  if (!live.value) return;
  try {
    const step = await client.call("save", {}, { onProgress: follow });
    say(kept.value?.why === undefined ? `Saved at step ${step}` : `Not saved: ${kept.value.why}`);
  } catch (error) {
    failure.value = { during: "run", error };
  }
}

/** Ends the run and deletes its save. */
export async function reset(): Promise<void> {
  await stop();
  try {
    await client.call("forget", { task: settings.value.task, sim });
  } catch (error) {
    if (kept.value?.why === undefined) failure.value = { during: "reset", error };
  }
  const failed = failure.value;
  clear();
  failure.value = failed;
  say("The run is deleted");
}
