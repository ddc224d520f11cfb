import runs from "./recorded.json";

/** A passage that a query found when it was recorded, and which of its sentences is the nearest. */
export interface RecordedHit {
  readonly sentences: readonly string[];
  readonly sentence: number;
  readonly cosine: number;
}

/** Queries in the standard example with what they found, as `scripts/record-search.mjs` writes them. */
export const recorded: readonly { readonly query: string; readonly hits: readonly RecordedHit[] }[] = runs.queries;
