/** What is measured: a prompt read, or tokens generated, after `depth` tokens. One of `prompt` and `generate` is 0. */
export interface ModelTest {
  readonly prompt: number;
  readonly generate: number;
  readonly depth: number;
}

/** One run of a test. */
export interface Run {
  readonly nanoseconds: number;
  /** For a decode step. */
  readonly dispatches?: number;
  /** Nanoseconds in which the adapter reads the step's weights once, measured right after the run. */
  readonly floor?: number;
  /** Nanoseconds in which it reads the keys and values of a step in the middle of the test, at the same rate. */
  readonly cacheFloor?: number;
}

/** Whether a model computes correctly; a wrong one has no speed. */
export interface ModelCheck {
  readonly verdict: "pass" | "fail";
  /** What was compared. */
  readonly checked: string;
  /**
   * Largest difference of a log-probability to float64, relative to it above 1 nat; null if float64 is unknown or would
   * take too long.
   */
  readonly error: number | null;
  readonly reason: string | null;
}

/** The engine of a row. */
export interface ModelEngine {
  /** `shaderformer`, or the name of another. */
  readonly name: string;
  /** The backend: an implementation of WebGPU, Vulkan, the CPU. */
  readonly backend: string;
  /** The adapter or processor. */
  readonly device: string;
}

/** One test of one engine, with the fields of llama-bench under their names there. */
export interface ModelRow extends ModelCheck {
  readonly engine: string;
  readonly backends: string;
  readonly gpu_info: string;
  readonly model_filename: string;
  readonly model_type: string;
  /** Bytes of the weights on the device. */
  readonly model_size: number;
  readonly model_n_params: number;
  /** Types of cached keys and values. */
  readonly type_k: string;
  readonly type_v: string;
  readonly n_prompt: number;
  readonly n_gen: number;
  readonly n_depth: number;
  /** When the test began, ISO 8601. */
  readonly test_time: string;
  /** Nanoseconds of each repetition. */
  readonly avg_ns: number;
  readonly stddev_ns: number;
  /** Tokens per second. */
  readonly avg_ts: number;
  readonly stddev_ts: number;
  readonly samples_ns: readonly number[];
  readonly samples_ts: readonly number[];
  /** For a decode step; null for prompts and other engines. */
  readonly dispatches: number | null;
  /**
   * Nanoseconds in which the adapter reads all matrices of a step once and does nothing with them, measured between the
   * repetitions: no step is faster. Null for prompts and other engines.
   */
  readonly floor_ns: number | null;
  /**
   * Nanoseconds in which it reads, at that rate, the keys and values of the cache that a step reads in the middle of
   * the test. Null for prompts and other engines.
   */
  readonly cache_floor_ns: number | null;
  /**
   * Extra time of a step at this depth over depth 0, divided by the time to read the additional cache: 1 if that is the
   * only cost. Null without a test of as many tokens at depth 0.
   */
  readonly depth_ratio: number | null;
}
