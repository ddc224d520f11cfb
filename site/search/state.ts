import { computed, signal } from "@preact/signals";
import { standardHub } from "../shell/hub/hub.ts";
import type { ModelChoice } from "../shell/model/choice.ts";
import type { ModelState, PlanState } from "../shell/model/loader.ts";
import type { SearchIndex } from "./index/search-index.ts";
import { nameOf } from "./model/choice.ts";
import { standardExample } from "./text/examples.ts";
import { type Passage, type PassageSize, type SourceText, samePassages } from "./text/passages.ts";
import type { Found, Marked, ModelFacts } from "./worker/protocol.ts";

/** What the reader searches in, before it is an index. */
export interface Texts {
  /** Of an example, its name: links hold it. */
  readonly example?: string | undefined;
  readonly texts: readonly SourceText[];
}

export const texts = signal<Texts>({ example: standardExample.name, texts: standardExample.texts });
export const size = signal<PassageSize>("medium");
/** What the texts are cut into; undefined while that is under way. */
export const passages = signal<readonly Passage[] | undefined>(undefined);

export const choice = signal<ModelChoice>({ kind: "bundled" });
export const hub = signal(standardHub);

export const plan = signal<PlanState>({ kind: "none" });

export const model = signal<ModelState<ModelFacts>>({ kind: "none" });

/** An index that is being made. */
export interface Building {
  readonly done: number;
  readonly total: number;
  /** Passages a second, and seconds left; undefined while that is unknown. */
  readonly pace?: { readonly rate: number; readonly left: number } | undefined;
}
export const building = signal<Building | undefined>(undefined);

/** What the page searches in. */
export interface Current extends SearchIndex {
  /** The passages that are to follow: the reader stopped before the end. */
  readonly rest: readonly Passage[];
  /** Passages whose end the model did not read; undefined where that is not known. */
  readonly shortened?: number | undefined;
  /** Whether the browser keeps it; else the reason. */
  readonly kept?: true | string | undefined;
}
export const index = signal<Current | undefined>(undefined);
/** True while the worker has the index on the GPU, checked with the model. */
export const searchable = signal(false);

/** The map of the index. */
export interface MapState {
  readonly points: Float32Array;
  readonly shares: readonly [number, number];
}
export const map = signal<MapState | undefined>(undefined);

export const query = signal("");
/** What the last query found. */
export const found = signal<(Found & { readonly query: string }) | undefined>(undefined);
/** Sentences that matched, by passages, of the query that was found last. */
export const marks = signal<ReadonlyMap<number, Marked>>(new Map());
/** How many passages are shown at first. */
export const firstHits = 5;
/** How many passages are shown. */
export const shownHits = signal(firstHits);
/** The passage that the reader picked on the map or in its table. */
export const picked = signal<number | undefined>(undefined);

/** What failed last, and of what. */
export interface Failure {
  readonly during: "texts" | "plan" | "load" | "index" | "search" | "keep" | "import";
  readonly error: unknown;
}
export const failure = signal<Failure | undefined>(undefined);

/** True while the model in the worker is the chosen one. */
export const chosenIsLoaded = computed(() => model.value.kind === "ready" && model.value.name === nameOf(choice.value));

/** True while the index is, or once it is complete will be, of the passages and the model that are chosen. */
export const isCurrent = computed(() => {
  const now = index.value;
  if (!now || now.model !== nameOf(choice.value)) return false;
  return !passages.value || samePassages([...now.passages, ...now.rest], passages.value);
});
