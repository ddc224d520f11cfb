import type { Spread } from "../generate/result.ts";

/** Answers to keys that follow one another in one way, in milliseconds since the key. */
export interface HabitResult {
  readonly name: string;
  readonly title: string;
  /** Until the page was drawn with the answer. */
  readonly drawnMs: Spread | null;
  readonly slowestMs: number;
  /** Until the answer's elements were there. */
  readonly answeredMs: Spread | null;
  /** What the page says that the search took. */
  readonly searchMs: Spread | null;
}

/** The page in one browser. */
export interface PageResult {
  /** As the page names it. */
  readonly device: string;
  /** For loading the model and indexing all passages. */
  readonly indexedMs: number;
  readonly habits: readonly HabitResult[];
  /** For a copy that is read back, by WebGPU alone: as the browser gives it, and with submits while it is awaited. */
  readonly waitMs: { readonly asIs: Spread | null; readonly submitting: Spread | null };
}

/** The page in all browsers that were measured. */
export interface SearchResult {
  readonly environment: {
    readonly date: string;
    readonly adapter: string;
    readonly platform: string;
    readonly processor: string;
    /** Processes that were running or waiting to, on average over a minute, before and after. */
    readonly load: readonly [before: number, after: number];
  };
  readonly passages: number;
  readonly browsers: readonly (PageResult & { readonly name: string; readonly version: string })[];
}
