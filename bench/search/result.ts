import type { Spread } from "../generate/result.ts";

/** Answers to keys pressed in one rhythm, in milliseconds since the key press. */
export interface HabitResult {
  readonly name: string;
  readonly title: string;
  /** Until the page was drawn with the answer. */
  readonly drawnMs: Spread | null;
  readonly slowestMs: number;
  /** Until the answer's elements were there. */
  readonly answeredMs: Spread | null;
  /** The search time that the page reports. */
  readonly searchMs: Spread | null;
}

/** The page in one browser. */
export interface PageResult {
  /** The browser's name, as the page shows it. */
  readonly device: string;
  /** Time for loading the model and indexing all passages. */
  readonly indexedMs: number;
  readonly habits: readonly HabitResult[];
  /** Time for reading back a copy using only WebGPU: as the browser does it, and with submits meanwhile. */
  readonly waitMs: { readonly asIs: Spread | null; readonly submitting: Spread | null };
}

/** The page in all measured browsers. */
export interface SearchResult {
  readonly environment: {
    readonly date: string;
    readonly adapter: string;
    readonly platform: string;
    readonly processor: string;
    /** Load average over a minute, before and after. */
    readonly load: readonly [before: number, after: number];
  };
  readonly passages: number;
  readonly browsers: readonly (PageResult & { readonly name: string; readonly version: string })[];
}
