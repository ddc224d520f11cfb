/** Whether a result is right: wrong ones have no speed. "n/a": the variant does not take the case, or the device cannot. */
export type Verdict = "pass" | "fail" | "n/a";

/**
 * One variant at one case. Every bench of this project writes this form; a field that does not apply is null. Times are
 * of one run, milliseconds; work and bytes are of one run too.
 */
export interface BenchRow {
  /** What was measured, the same from run to run: op, variant, mask, batch, heads, type. */
  readonly id: string;
  readonly op: string;
  readonly variant: string;
  /** The case in one word: for attention in the batch grammar. */
  readonly batch: string;
  readonly mask: string | null;
  readonly score: string | null;
  /** How keys and values lie. */
  readonly layout: string | null;
  /** Query heads / key and value heads × head width. */
  readonly heads: string | null;
  /** How keys and values are stored, or for other ops what they work on. */
  readonly dtype: string;
  /** The model whose shapes these are. */
  readonly model: string | null;

  readonly verdict: Verdict;
  /** Why it failed or does not apply. */
  readonly reason: string | null;
  /** What was compared with float64: everything, or a sample that is the same in every run. */
  readonly checked: string | null;
  /** Largest error over that of plain f32 loops, both against float64; about 1 is honest f32, the gate is at 2. */
  readonly errorRatio: number | null;
  /** The same of the mean error; the gate is at 1.5. */
  readonly meanErrorRatio: number | null;
  /** Σ(result − float64)² / Σ float64². */
  readonly nmse: number | null;

  readonly medianMs: number | null;
  readonly p10Ms: number | null;
  readonly p90Ms: number | null;
  /** Runs in one timed interval. */
  readonly repeats: number | null;
  /** Timed intervals, of which the median is taken. */
  readonly samples: number | null;
  /** Timestamps of the GPU, or the wall clock around a submit. */
  readonly clock: "gpu" | "wall" | null;
  /** The smallest step of that clock. */
  readonly clockQuantumMs?: number | null;
  /** From recording to the first result, compilation included where the shader was not compiled yet. */
  readonly firstRunMs: number | null;
  readonly dispatches: number | null;

  /** Exact number of (query, key) pairs that the mask leaves, over the batch and the query heads. */
  readonly livePairs: number | null;
  /**
   * Operations that the result needs; for attention 2 · pairs · (dk + dv), those of the matrix products. Linear and
   * latent attention have counts of their own.
   */
  readonly flops: number | null;
  /** The same by FlashAttention's convention, which leaves windows out and counts half a diagonal. */
  readonly flopsFlashAttention: number | null;
  /** Each element that the result depends on, and each of the result, moved once. */
  readonly bytes: number | null;
  /** Bytes that have to move through memory with this variant's tiles, if nothing is cached. */
  readonly modelledBytes: number | null;
  /** Every load and store that the kernels execute, and every operation, those on padding and masked pairs included. */
  readonly requestedBytes?: number | null;
  readonly executedFlops?: number | null;

  readonly tflops: number | null;
  /** From `bytes`. */
  readonly gbs: number | null;
  /** What the roofline says of this device: the larger of flops / peak and bytes / bandwidth. */
  readonly idealMs: number | null;
  /** Which of the two that is. */
  readonly bound: "compute" | "memory" | null;
  /** `idealMs` over `medianMs`. Above 1 where the caches hold what the measured bandwidth is not of. */
  readonly shareOfPeak: number | null;
  /** The time of the fastest right variant of this case over this one's; above 1 for what is no attention and faster. */
  readonly shareOfFastest: number | null;

  /** Bytes that a token takes in the cache, over all layers of the model, or of one layer where none is named. */
  readonly kvBytesPerToken: number | null;
  readonly workspaceBytes: number | null;
  /** Of experts: the slots of the fullest over the mean, and slots over the rows of whole blocks. */
  readonly imbalance?: number | null;
  readonly paddingEfficiency?: number | null;
  /** Measures this row again. */
  readonly command: string;
}

/** A peak, or why it could not be measured. */
export interface Peak {
  readonly value: number | null;
  readonly reason: string | null;
}

/** What a device does at most, measured in the same run. */
export interface Peaks {
  /** Multiply-adds of independent chains, TFLOP/s. */
  readonly tflopsF32: Peak;
  readonly tflopsF16: Peak;
  /** Memory copied 16 bytes at a time, read and written bytes together, GB/s. */
  readonly copyGbs: Peak;
  /** Workgroup memory read 16 bytes at a time, GB/s. */
  readonly workgroupGbs: Peak;
  /** A dispatch of one thread that waits for the one before, microseconds. */
  readonly dispatchUs: Peak;
}

/** Where and how it was measured. */
export interface Environment {
  readonly date: string;
  readonly adapter: string;
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** True for drivers that compute on the processor: their speed says nothing of a GPU. */
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
  /** By the wall clock: milliseconds until an empty submit is reported as done. Intervals are several times as long. */
  readonly waitMs?: number;
  /** What recording a dispatch into a command buffer and submitting it takes of the processor, microseconds. */
  readonly encodeUs: number;
}

/** The one object that a bench gives. */
export interface BenchResult {
  readonly environment: Environment;
  readonly peaks: Peaks | null;
  readonly rows: readonly BenchRow[];
  /** What a sweep asked, and what the rows say to it. */
  readonly question?: string;
  readonly answers?: readonly string[];
}
