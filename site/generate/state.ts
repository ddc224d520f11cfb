import { computed, signal } from "@preact/signals";
import type { CacheFormat } from "../../src/kernels/formats/formats.ts";
import type { Recipe } from "../../src/models/decoders/recipes.ts";
import { kept } from "../shell/store.ts";
import type { ModelChoice } from "./model/choice.ts";
import { problemOf, type Sampling, samplingFields, seedProblem } from "./side/sampling.ts";

/** Whether a text is continued in place or messages are answered. */
export type Mode = "complete" | "chat";

/** The reader's choice of model; files are not part of links. */
export const choice = signal<ModelChoice>({ kind: "bundled", name: "voices-dense" });
/** The mode chosen by the reader or the link; else the model's. */
export const chosenMode = signal<Mode | undefined>(undefined);
/** The text to complete. */
export const prompt = signal("");
/** The system prompt; empty for none. */
export const system = signal("");
export const sampling = signal<Sampling>({});
/** Longest sequence in tokens; undefined for the model's standard. */
export const context = signal<number | undefined>(undefined);
/** Cache type of keys and values. */
export const cacheFormat = signal<CacheFormat>("f32");
/** The recipe by which weights are quantised while they are loaded; undefined for as stored. */
export const recipe = signal<Recipe | undefined>(undefined);
/** Whether loads use measurements of this device; undefined without any. */
export const tuned = signal<boolean | undefined>({ on: true, off: false }[kept("tuned") ?? ""]);
/** True while the link asks the page to generate as soon as possible. */
export const runAtOnce = signal(false);
/** True from when such a link was read until its text has begun, or cannot. */
export const runPending = signal(false);

/** Changes the model, on the reader's request. */
export function choose(next: ModelChoice): void {
  runAtOnce.value = false;
  choice.value = next;
}

/** The problems of the settings, by field. */
export const problems = computed<ReadonlyMap<string, string>>(() => {
  const found = new Map<string, string>();
  for (const field of samplingFields) {
    const value = sampling.value[field.name];
    const problem = value === undefined ? undefined : problemOf(field, value);
    if (problem) found.set(field.name, problem);
  }
  const { seed } = sampling.value;
  const wrong = seed === undefined ? undefined : seedProblem(seed);
  if (wrong) found.set("seed", wrong);
  const tokens = context.value;
  if (tokens !== undefined && !(Number.isInteger(tokens) && tokens > 0))
    found.set("context", "The context is a whole number of tokens, at least 1.");
  return found;
});
