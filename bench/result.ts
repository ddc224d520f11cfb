/**
 * Whether a result is correct: wrong ones have no speed. "n/a" means that the variant does not support the case, or
 * that the device cannot run it.
 */
export type Verdict = "pass" | "fail" | "n/a";

/**
 * One variant on one case, in the form of every bench; a field that does not apply is null. Times are in milliseconds;
 * times, work and bytes are those of one run.
 */
export interface BenchRow {
  /** The identity of the measurement, the same from run to run: op, variant, mask, batch, heads, type. */
  readonly id: string;
  readonly op: string;
  readonly variant: string;
  /** The case in short form: for attention in the batch notation. */
  readonly batch: string;
  readonly mask: string | null;
  readonly score: string | null;
  /** Layout of keys and values. */
  readonly layout: string | null;
  /** Query heads / key and value heads × head width. */
  readonly heads: string | null;
  /** Format of keys and values, or for other ops the type of their weights. */
  readonly dtype: string;
  /** A model with these shapes. */
  readonly model: string | null;

  readonly verdict: Verdict;
  /** The reason why it failed or does not apply. */
  readonly reason: string | null;
  /** The part compared with float64: everything, or a sample that is the same in every run. */
  readonly checked: string | null;
  /** Largest error divided by that of plain f32 loops, both against float64; plain f32 is about 1, the limit is 2. */
  readonly errorRatio: number | null;
  /** The same for the mean error; the limit is 1.5. */
  readonly meanErrorRatio: number | null;
  /** Σ(result − float64)² / Σ float64². */
  readonly nmse: number | null;

  readonly medianMs: number | null;
  readonly p10Ms: number | null;
  readonly p90Ms: number | null;
  /** Runs in one timed interval. */
  readonly repeats: number | null;
  /** Timed intervals, whose median is reported. */
  readonly samples: number | null;
  /** Timestamps of the GPU, or the wall clock around a submit. */
  readonly clock: "gpu" | "wall" | null;
  /** The smallest step of that clock. */
  readonly clockQuantumMs?: number | null;
  /** Time from recording to the first result, including compilation if the shader was not compiled yet. */
  readonly firstRunMs: number | null;
  readonly dispatches: number | null;

  /** The function that is computed where it is not the op's own: its time has no rank among the others. */
  readonly definition?: string | null;
  /** Exact number of (query, key) pairs that the mask leaves visible, over the batch and the query heads. */
  readonly livePairs: number | null;
  /**
   * Operations that the result needs; for attention those of the matrix products, 2 · pairs · (dk + dv). Linear and
   * latent attention have different counts.
   */
  readonly flops: number | null;
  /** The same by FlashAttention's convention, which ignores windows and counts half a diagonal. */
  readonly flopsFlashAttention: number | null;
  /** Compulsory bytes: each element that the result depends on and each of the result, moved once. */
  readonly bytes: number | null;
  /** Bytes that move through memory with this variant's tiles, if nothing is cached. */
  readonly modelledBytes: number | null;
  /**
   * Every load and store that the kernels execute, and every operation, including those on padding and masked pairs.
   */
  readonly requestedBytes?: number | null;
  readonly executedFlops?: number | null;

  readonly tflops: number | null;
  /** From `bytes`. */
  readonly gbs: number | null;
  /** The roofline's minimum on this device: the larger of flops / peak and bytes / bandwidth. */
  readonly idealMs: number | null;
  /** Which of the two is larger. */
  readonly bound: "compute" | "memory" | null;
  /** `idealMs` over `medianMs`. Above 1 if data comes from caches faster than the measured bandwidth. */
  readonly shareOfPeak: number | null;
  /**
   * The time of the fastest correct variant of this case divided by this one's; above 1 for faster algorithms that are
   * not attention.
   */
  readonly shareOfFastest: number | null;

  /** Bytes that a token takes in the cache, in all layers of the model, or in one layer if no model is named. */
  readonly kvBytesPerToken: number | null;
  readonly workspaceBytes: number | null;
  /** For experts: the slots of the busiest one divided by the mean, and slots divided by the rows of whole blocks. */
  readonly imbalance?: number | null;
  readonly paddingEfficiency?: number | null;
  /** The command that measures this row again. */
  readonly command: string;
}

/** A peak, or why it could not be measured. */
export interface Peak {
  readonly value: number | null;
  readonly reason: string | null;
}

/** The peaks of a device, measured in the same run. */
export interface Peaks {
  /** Multiply-adds in independent chains, TFLOP/s. */
  readonly tflopsF32: Peak;
  readonly tflopsF16: Peak;
  /** Memory copied 16 bytes at a time, read and written bytes together, GB/s. */
  readonly copyGbs: Peak;
  /** Workgroup memory read 16 bytes at a time, GB/s. */
  readonly workgroupGbs: Peak;
  /** A dispatch of one thread that waits for the previous one, microseconds. */
  readonly dispatchUs: Peak;
}

/** Where and how a result was measured. */
export interface Environment {
  readonly date: string;
  readonly adapter: string;
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** True for drivers that compute on the processor: their speed says nothing about GPUs. */
  readonly software: boolean;
  readonly features: readonly string[];
  readonly subgroupSizes: readonly [smallest: number, largest: number] | null;
  readonly limits: Readonly<Record<string, number>>;
  /** Node's version, or the browser's name for itself. */
  readonly runtime: string;
  readonly platform: string;
  readonly clock: "gpu" | "wall";
  /** The smallest step of that clock, milliseconds. */
  readonly clockQuantumMs: number;
  /** Wall-clock milliseconds until an empty submit is reported as done. Intervals are several times as long. */
  readonly waitMs?: number;
  /** Processor time to record a dispatch into a command buffer and to submit it, microseconds. */
  readonly encodeUs: number;
}

/** The result of a bench. */
export interface BenchResult {
  readonly environment: Environment;
  readonly peaks: Peaks | null;
  readonly rows: readonly BenchRow[];
  /** A sweep's question, and the answers in the rows. */
  readonly question?: string;
  readonly answers?: readonly string[];
}
