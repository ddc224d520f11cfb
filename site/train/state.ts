import { computed, signal } from "@preact/signals";
import type { HeadChoice } from "../shell/tokens/head-picker.tsx";
import { recorded } from "./run/recorded.ts";
import { type Settings, settingsFor, settingsProblem } from "./setup/settings.ts";
import { type History, noHistory } from "./worker/history.ts";
import type { Doing, Ended, RunFacts } from "./worker/protocol.ts";

/** What is trained, and how. */
export const settings = signal<Settings>(settingsFor("sort"));
/** The reader's text, for tasks that take one. */
export const text = signal("");

/** The page's activity: `opening` makes the model and compiles. */
export const phase = signal<"idle" | "opening" | "running" | "pausing">("idle");
/** The activity before the first step of a run has ended; undefined afterwards. */
export const doing = signal<Doing | undefined>(undefined);
/** True while the page looks for a stored run of the task, which a new one would replace. */
export const searching = signal(true);
/** True while the worker has the model of the run. */
export const live = signal(false);
/** The run so far. */
export const history = signal<History>(noHistory);
export const facts = signal<RunFacts | undefined>(undefined);
/** How training last ended. */
export const ended = signal<Ended | undefined>(undefined);

/** An earlier run, to compare the next one with. */
export interface Earlier {
  readonly settings: Settings;
  readonly steps: History["steps"];
  readonly looks: History["looks"];
}
export const earlier = signal<Earlier | undefined>(undefined);

/** The last save: in the browser or, if it refuses, only in the page. */
export interface Kept {
  readonly step: number;
  readonly run?: Blob | undefined;
  /** Why the browser does not store it. */
  readonly why?: string | undefined;
}
export const kept = signal<Kept | undefined>(undefined);

/** A stored run of this task with other settings. */
export const other = signal<{ readonly settings: Settings; readonly text: string; readonly step: number } | undefined>(
  undefined,
);

/** Speed of the last steps. */
export const speed = signal<{ readonly stepsPerSecond: number; readonly submits: number } | undefined>(undefined);

/** The shown attention, and its step; undefined is the last one. */
export const head = signal<HeadChoice>({ layer: 0, head: 0 });
export const shownStep = signal<number | undefined>(undefined);

/** The last failure, and the action that failed. */
export interface Failure {
  readonly during: "kept" | "open" | "run" | "export" | "reset" | "other-tab";
  readonly error: unknown;
}
export const failure = signal<Failure | undefined>(undefined);

/** True while the reader has a run. */
export const begun = computed(() => history.value.steps.length > 0 || history.value.looks.length > 0);

/** The shown run: the reader's, or before there is one a recorded run of the task. */
export const shown = computed<{
  readonly history: History;
  readonly facts: RunFacts | undefined;
  readonly settings: Settings;
  readonly recorded: boolean;
}>(() => {
  const own = begun.value || settings.value.task !== recorded.settings.task;
  return own
    ? { history: history.value, facts: facts.value, settings: settings.value, recorded: false }
    : { ...recorded, recorded: true };
});

/** The problem with the settings. */
export const problem = computed(() => settingsProblem(settings.value));

/** Settings that a run cannot change: they would make another model or task. */
const fixed = [
  ...(["task", "length", "architecture", "layers", "heads", "headWidth", "width"] as const),
  ...(["experts", "chosen", "base", "rank", "optimizer", "seed"] as const),
];

/** True if a run with one of these can continue with the other. */
export const isSameRun = (a: Settings, b: Settings): boolean => fixed.every((name) => a[name] === b[name]);
