import type { Gpu, Instance } from "../gpu/gpu.ts";

/** Runs something many times in one interval; returns the interval in milliseconds. */
export type Interval = (repeats: number) => Promise<number>;

/** How long to measure. */
export interface TimingOptions {
  /** Shortest interval, milliseconds: far above any clock's quantum. */
  readonly intervalMs: number;
  /** Maximum number of intervals per subject. */
  readonly samples: number;
  /** Maximum total milliseconds of one subject's intervals, though at least three are measured. */
  readonly budgetMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Awaited before each interval, so that a hidden page makes the bench wait. */
  readonly ready?: (() => Promise<void>) | undefined;
}

/** Defaults of a bench. */
export const standardTiming: TimingOptions = { intervalMs: 20, samples: 15, budgetMs: 500 };

/** The times of one subject. */
export interface Timing {
  readonly repeats: number;
  readonly samples: number;
  readonly medianMs: number;
  readonly p10Ms: number;
  readonly p90Ms: number;
}

const warmUpRuns = 5;
const minSamples = 3;
const maxRepeats = 4096;

/**
 * Times several subjects alternately, A B C A B C …, so that a device that throttles slows all of them. Each is warmed
 * up (five runs or 250 ms) and repeated as often as its interval requires. Throws the reason of `signal`.
 */
export async function timeInTurns(subjects: readonly Interval[], options: TimingOptions): Promise<Timing[]> {
  const ready: { readonly run: Interval; readonly repeats: number; readonly wanted: number; times: number[] }[] = [];
  for (const run of subjects) {
    await options.ready?.();
    options.signal?.throwIfAborted();
    const { repeats, intervalMs } = await calibrate(run, options);
    const affordable = Math.floor(options.budgetMs / Math.max(intervalMs, 1e-3));
    const wanted = Math.max(Math.min(minSamples, options.samples), Math.min(options.samples, affordable));
    ready.push({ run, repeats, wanted, times: [] });
  }
  for (let round = 0; round < options.samples; round++) {
    for (const { run, repeats, wanted, times } of ready) {
      await options.ready?.();
      options.signal?.throwIfAborted();
      if (round < wanted) times.push((await run(repeats)) / repeats);
    }
  }
  return ready.map(({ repeats, times }) => ({
    repeats,
    samples: times.length,
    medianMs: quantile(times, 0.5),
    p10Ms: quantile(times, 0.1),
    p90Ms: quantile(times, 0.9),
  }));
}

async function calibrate(run: Interval, options: TimingOptions): Promise<{ repeats: number; intervalMs: number }> {
  const warmUp = performance.now();
  let time = await run(1);
  for (let i = 1; i < warmUpRuns && performance.now() - warmUp < 250; i++) time = await run(1);
  let repeats = 1;
  while (time < options.intervalMs && repeats < maxRepeats) {
    options.signal?.throwIfAborted();
    const enough = Math.ceil((1.1 * repeats * options.intervalMs) / Math.max(time, 1e-3));
    repeats = Math.min(maxRepeats, Math.max(repeats * 2, enough));
    time = await run(repeats);
  }
  return { repeats, intervalMs: time };
}

/** The q-quantile, with linear interpolation; NaN of an empty list. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/**
 * By the wall clock an interval lasts at least this many waits for an empty submit, so that the wait is a small part of
 * it.
 */
const waitsOfInterval = 4;

const waits = new WeakMap<Gpu, Promise<number>>();

/** Milliseconds until a device reports an empty submit as done, measured once: Firefox polls every 100 ms. */
export function waitOf(gpu: Gpu): Promise<number> {
  const measure = async () => {
    let shortest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 4; i++) {
      const before = performance.now();
      gpu.submit(() => {});
      await gpu.device.queue.onSubmittedWorkDone();
      shortest = Math.min(shortest, performance.now() - before);
    }
    return shortest;
  };
  const known = waits.get(gpu) ?? measure();
  waits.set(gpu, known);
  return known;
}

/** The options with intervals long enough for this device's clock. */
export async function timingOn<T extends { readonly intervalMs: number }>(
  gpu: Gpu,
  clock: "gpu" | "wall",
  options: T,
): Promise<T> {
  if (clock === "gpu") return options;
  return { ...options, intervalMs: Math.max(options.intervalMs, waitsOfInterval * (await waitOf(gpu))) };
}

/**
 * The clock to use: a GPU's timestamps where it has them; a software adapter's would leave out the cost of dispatches.
 */
export function clockFor(gpu: Gpu): "gpu" | "wall" {
  return gpu.features.has("timestamp-query") && !gpu.adapter.software ? "gpu" : "wall";
}

/**
 * The interval of a program's instances, which alternate: several with separate inputs defeat the cache. Repeats count
 * runs of any instance.
 */
export function intervalOf(gpu: Gpu, instances: readonly Instance<unknown>[], clock: "gpu" | "wall"): Interval {
  const [first, ...others] = instances;
  if (!first) throw new RangeError("there is no instance to time");
  if (clock === "gpu") {
    return async (repeats) => {
      const rounds = Math.ceil(repeats / instances.length);
      const nanoseconds = await first.time(rounds, others);
      return (nanoseconds * 1e-6 * repeats) / (rounds * instances.length);
    };
  }
  let next = 0;
  return async (repeats) => {
    const before = performance.now();
    gpu.submit((encoder) => {
      for (let i = 0; i < repeats; i++) instances[next++ % instances.length]?.encode(encoder);
    });
    await gpu.device.queue.onSubmittedWorkDone();
    return performance.now() - before;
  };
}
