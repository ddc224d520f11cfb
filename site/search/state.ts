import { computed, signal } from "@preact/signals";
import { standardHub } from "../shell/hub/hub.ts";
import type { ModelChoice } from "../shell/model/choice.ts";
import type { ModelState, PlanState } from "../shell/model/loader.ts";
import type { SearchIndex } from "./index/search-index.ts";
import { nameOf } from "./model/choice.ts";
import { standardExample } from "./text/examples.ts";
import { type Passage, type PassageSize, type SourceText, samePassages } from "./text/passages.ts";
import type { Found, Marked, ModelFacts } from "./worker/protocol.ts";

/** The texts to search, before indexing. */
export interface Texts {
  /** The name of an example, as in links. */
  readonly example?: string | undefined;
  readonly texts: readonly SourceText[];
}

export const texts = signal<Texts>({ example: standardExample.name, texts: standardExample.texts });
export const size = signal<PassageSize>("medium");
/** The texts' passages; undefined while they are being computed. */
export const passages = signal<readonly Passage[] | undefined>(undefined);

export const choice = signal<ModelChoice>({ kind: "bundled" });
export const hub = signal(standardHub);

export const plan = signal<PlanState>({ kind: "none" });

export const model = signal<ModelState<ModelFacts>>({ kind: "none" });

/** An index being made. */
export interface Building {
  readonly done: number;
  readonly total: number;
  /** Passages per second, and seconds left; undefined while unknown. */
  readonly pace?: { readonly rate: number; readonly left: number } | undefined;
}
export const building = signal<Building | undefined>(undefined);

/** The current index. */
export interface Current extends SearchIndex {
  /** The remaining passages, if the reader stopped before the end. */
  readonly rest: readonly Passage[];
  /** Passages truncated by the model; undefined if unknown. */
  readonly shortened?: number | undefined;
  /** Whether the browser stores it; else the reason. */
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
/** The results of the last query. */
export const found = signal<(Found & { readonly query: string }) | undefined>(undefined);
/** Matching sentences of the last results, by passage. */
export const marks = signal<ReadonlyMap<number, Marked>>(new Map());
/** Number of passages shown initially. */
export const firstHits = 5;
/** Number of passages shown. */
export const shownHits = signal(firstHits);
/** The passage picked on the map or in its table. */
export const picked = signal<number | undefined>(undefined);

/** The last failure, and the action that failed. */
export interface Failure {
  readonly during: "texts" | "plan" | "load" | "index" | "search" | "keep" | "import";
  readonly error: unknown;
}
export const failure = signal<Failure | undefined>(undefined);

/** True while the model in the worker is the chosen one. */
export const chosenIsLoaded = computed(() => model.value.kind === "ready" && model.value.name === nameOf(choice.value));

/** True while the index, complete or not, belongs to the chosen passages and model. */
export const isCurrent = computed(() => {
  const now = index.value;
  if (!now || now.model !== nameOf(choice.value)) return false;
  return !passages.value || samePassages([...now.passages, ...now.rest], passages.value);
});
