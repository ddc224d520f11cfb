/** What a model that is being loaded waits for, in this order; phases may overlap. */
export type LoadPhase = "download" | "verify" | "upload" | "compile" | "warm-up";

/** How far some work is: what each `onProgress` is called with. */
export interface Progress {
  readonly done: number;
  /** What `done` ends at. */
  readonly total: number;
}

/** How far a phase of loading is. Within a phase, `done` never decreases. */
export interface LoadProgress extends Progress {
  readonly phase: LoadPhase;
  /** Bytes of `download`, `verify` and `upload`; programs of `compile`; steps of `warm-up`. */
  readonly done: number;
  /** What `done` ends at. It may grow while a source does not know its sizes yet. */
  readonly total: number;
  /** Bytes of `done` that were in the cache before. */
  readonly fromCache?: number;
}
