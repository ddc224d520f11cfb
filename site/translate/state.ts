import { computed, signal } from "@preact/signals";
import { standardHub } from "../shell/hub/hub.ts";
import type { ModelChoice } from "../shell/model/choice.ts";
import type { ModelState, PlanState } from "../shell/model/loader.ts";
import type { HeadChoice } from "../shell/tokens/head-picker.tsx";
import { rowMeans } from "./alignment/weights.ts";
import { nameOf } from "./model/choice.ts";
import { recorded } from "./text/recorded.ts";
import type { Run } from "./text/run.ts";
import type { ModelFacts, WritingOptions } from "./worker/protocol.ts";

/** The source text. */
export const text = signal("");
/** The reader's options; others are as in the model's folder. */
export const options = signal<WritingOptions>({});

export const choice = signal<ModelChoice>({ kind: "bundled" });
export const hub = signal(standardHub);
export const plan = signal<PlanState>({ kind: "none" });
export const model = signal<ModelState<ModelFacts>>({ kind: "none" });

/** The last text written on this device. */
export const run = signal<Run | undefined>(undefined);
/** The shown run: the last one, or before there is one that of the chosen example. */
export const shown = computed<Run | undefined>(
  () => run.value ?? recorded.find((one) => one.text === text.value) ?? recorded[0],
);
/** True from the press of the button until the text has ended. */
export const writing = signal(false);

/** The attention shown in the grid. */
export const head = signal<HeadChoice>({ layer: undefined, head: undefined });
/** True: the strongest weight of each row has the full colour. */
export const rowScale = signal(false);

const means = rowMeans();
/** The shown weights: a row for each written token, a column for each source token. */
export const grid = computed<readonly Float32Array[]>(() => {
  const now = shown.value;
  return now ? means(now.rows, now, head.value) : [];
});

/** What the pointer or the focus is on: a written token, a source token, or their cell. */
export interface Picked {
  readonly row: number | undefined;
  readonly column: number | undefined;
}
export const nothing: Picked = { row: undefined, column: undefined };
export const picked = signal<Picked>(nothing);

/** The last failure, and the action that failed. */
export interface Failure {
  readonly during: "plan" | "load" | "write";
  readonly error: unknown;
}
export const failure = signal<Failure | undefined>(undefined);

/** True while the model in the worker is the chosen one. */
export const chosenIsLoaded = computed(() => model.value.kind === "ready" && model.value.name === nameOf(choice.value));
