import runs from "./recorded.json";

/** A recorded result of a query, with its nearest sentence. */
export interface RecordedHit {
  readonly sentences: readonly string[];
  readonly sentence: number;
  readonly cosine: number;
}

/** Queries on the standard example with their results, as written by `scripts/record/search.mjs`. */
export const recorded: readonly { readonly query: string; readonly hits: readonly RecordedHit[] }[] = runs.queries;
