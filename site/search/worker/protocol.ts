import type { ModelCalls } from "../../shell/model/loader.ts";
import type { Passage, SourceText } from "../text/passages.ts";

/** A loaded model. */
export interface ModelFacts {
  readonly architecture: string;
  readonly layers: number;
  /** Elements of a vector. */
  readonly width: number;
  /** Maximum tokens of a text. */
  readonly maxTokens: number;
  /** Bytes of the weights on the GPU. */
  readonly bytes: number;
  readonly quantisation: string;
}

/** A found passage. */
export interface Hit {
  readonly passage: number;
  /** Cosine with the query, from −1 to 1. */
  readonly cosine: number;
}

/** The results of a query. */
export interface Found {
  readonly hits: readonly Hit[];
  /** Milliseconds for the query's vector, and for product and selection. */
  readonly embedMs: number;
  readonly rankMs: number;
  /** The position of the query on the map, if there is one. */
  readonly position: readonly [x: number, y: number] | undefined;
}

/** The sentence of a passage nearest to the query. */
export interface Marked {
  readonly passage: number;
  readonly sentence: number;
  readonly cosine: number;
}

/** Finished vectors of texts, in order. */
export interface EmbedProgress {
  readonly vectors: Float32Array<ArrayBuffer>;
  /** How many of them were truncated by the model's limit. */
  readonly shortened: number;
}

/** Calls of the page to its worker. */
export interface Calls extends ModelCalls<ModelFacts> {
  readonly cut: [{ readonly texts: readonly SourceText[]; readonly most: number }, readonly Passage[], never];
  readonly unload: [Record<string, never>, undefined, never];
  readonly embed: [{ readonly texts: readonly string[] }, undefined, EmbedProgress];
  /** Sets the index. */
  readonly index: [
    {
      readonly passages: readonly Passage[];
      readonly vectors: Float32Array<ArrayBuffer>;
      readonly width: number;
    },
    undefined,
    never,
  ];
  /** Checks that the index's vectors are the loaded model's. */
  readonly check: [Record<string, never>, undefined, never];
  readonly search: [{ readonly query: string }, Found, never];
  /** Finds the matching sentence of one passage after the other. */
  readonly mark: [{ readonly query: string; readonly passages: readonly number[] }, undefined, Marked];
  readonly map: [
    Record<string, never>,
    { readonly points: Float32Array<ArrayBuffer>; readonly shares: readonly [number, number] },
    never,
  ];
}
