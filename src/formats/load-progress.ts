/** The phases of loading a model, in order; they may overlap. */
export type LoadPhase = "download" | "verify" | "upload" | "compile" | "warm-up";

/** Progress of some work, as passed to each `onProgress`. */
export interface Progress {
  readonly done: number;
  /** What `done` ends at. */
  readonly total: number;
}

/** Progress of a loading phase. Within a phase, `done` never decreases. */
export interface LoadProgress extends Progress {
  readonly phase: LoadPhase;
  /** Bytes of `download`, `verify` and `upload`; programs of `compile`; steps of `warm-up`. */
  readonly done: number;
  /** Final value of `done`. It may grow while a source does not know its sizes yet. */
  readonly total: number;
  /** Bytes of `done` that were already cached. */
  readonly fromCache?: number;
}
