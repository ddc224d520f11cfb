import type { LoadProgress } from "../../../src/formats/load-progress.ts";
import type { DeviceFacts, Missing } from "../../shell/device/device.ts";
import type { Passage, SourceText } from "../text/passages.ts";

/** Where a model comes from, and the hub that names refer to. */
export interface ModelRequest {
  readonly source: string | Readonly<Record<string, Blob>>;
  readonly endpoint: string;
  readonly token: string;
}

/** What a model needs, before it is downloaded. */
export interface ModelPlan {
  /** Bytes of its weights in files. */
  readonly bytes: number;
  /** Bytes of them that are kept in the browser, or are the reader's own files. */
  readonly kept: number;
  readonly license: string | undefined;
}

/** A loaded model. */
export interface ModelFacts {
  readonly architecture: string;
  readonly layers: number;
  /** Elements of a vector. */
  readonly width: number;
  /** Tokens of a text that count. */
  readonly maxTokens: number;
  /** Bytes of the weights on the GPU. */
  readonly bytes: number;
  readonly quantisation: string;
}

/** A passage that was found. */
export interface Hit {
  readonly passage: number;
  /** With the query, from −1 to 1. */
  readonly cosine: number;
}

/** What a query found. */
export interface Found {
  readonly hits: readonly Hit[];
  /** Milliseconds for the query's vector, and for product and selection. */
  readonly embedMs: number;
  readonly rankMs: number;
  /** Where the query is on the map, where there is one. */
  readonly position: readonly [x: number, y: number] | undefined;
}

/** The sentence of a passage that is nearest to the query. */
export interface Marked {
  readonly passage: number;
  readonly sentence: number;
  readonly cosine: number;
}

/** Vectors of texts that are ready, in their order. */
export interface EmbedProgress {
  readonly vectors: Float32Array<ArrayBuffer>;
  /** How many of them lost their end, because the model reads no more. */
  readonly shortened: number;
}

/** Calls of the page to its worker: what is given, what comes back, and what comes in between. */
export interface Calls {
  readonly cut: [{ readonly texts: readonly SourceText[]; readonly most: number }, readonly Passage[], never];
  readonly plan: [ModelRequest, ModelPlan, never];
  readonly load: [ModelRequest, ModelFacts, LoadProgress];
  readonly unload: [Record<string, never>, undefined, never];
  readonly embed: [{ readonly texts: readonly string[] }, undefined, EmbedProgress];
  /** Takes an index, and on request checks that its vectors are the loaded model's. */
  readonly index: [
    {
      readonly check: boolean;
      readonly passages: readonly Passage[];
      readonly vectors: Float32Array<ArrayBuffer>;
      readonly width: number;
    },
    undefined,
    never,
  ];
  readonly search: [{ readonly query: string }, Found, never];
  /** Finds the sentence that matched of one passage after the other. */
  readonly mark: [{ readonly query: string; readonly passages: readonly number[] }, undefined, Marked];
  readonly map: [
    Record<string, never>,
    { readonly points: Float32Array<ArrayBuffer>; readonly shares: readonly [number, number] },
    never,
  ];
}

export type CallName = keyof Calls;

/** What the page sends. */
export type Request =
  | { readonly kind: "begin"; readonly sim: string | undefined }
  | { readonly kind: "abort"; readonly id: number }
  | { readonly kind: "call"; readonly id: number; readonly name: CallName; readonly given: unknown };

/** What the worker sends. */
export type Answer =
  | { readonly kind: "opened"; readonly facts: DeviceFacts }
  | { readonly kind: "missing"; readonly missing: Missing; readonly detail: string }
  | { readonly kind: "lost"; readonly detail: string }
  | { readonly kind: "progress"; readonly id: number; readonly progress: unknown }
  | { readonly kind: "result"; readonly id: number; readonly result: unknown }
  | { readonly kind: "failed"; readonly id: number; readonly name: string; readonly message: string };
