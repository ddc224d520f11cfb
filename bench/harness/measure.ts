import type { Call, Dispatch } from "../../src/gpu/dispatch.ts";
import type { Instance, Program } from "../../src/gpu/program.ts";
import type { Gpu } from "../../src/index.ts";

/** One measured row. Times are of the GPU where it has timestamps, else of the wall clock. */
export interface Measurement {
  readonly adapter: string;
  readonly software: boolean;
  readonly op: string;
  readonly variant: string;
  readonly case: string;
  /** "ok", or why the result is wrong; a wrong row has no times. */
  readonly verdict: string;
  readonly clock?: "gpu" | "wall";
  /** Runs in one timed interval. */
  readonly repeats?: number;
  /** Microseconds of one run. */
  readonly median?: number;
  readonly p10?: number;
  readonly p90?: number;
  /** From useful operations and compulsory bytes. */
  readonly gflops?: number;
  readonly gigabytes?: number;
  readonly dispatches?: number;
}

/** Shortest interval that is timed, in microseconds: a browser's clock counts hundreds of them. */
const interval = 20_000;
const samples = 7;

/** Useful operations and compulsory bytes of everything that the calls dispatch. */
export function costOf(calls: readonly Call[]): { flops: number; bytes: number; dispatches: number } {
  const dispatches = calls.flatMap((call): readonly Dispatch[] => call.dispatches);
  return {
    flops: dispatches.reduce((sum, { cost }) => sum + cost.flops, 0),
    bytes: dispatches.reduce((sum, { cost }) => sum + cost.compulsoryBytes, 0),
    dispatches: dispatches.length,
  };
}

/**
 * Times a program: warm-up, as many runs in one interval as make it 20 ms long, then the median of seven intervals.
 * Wall clock over whole submits, since software adapters' timestamps leave out what a dispatch costs the CPU.
 */
export async function timeProgram(
  gpu: Gpu,
  instance: Instance<unknown>,
): Promise<{ repeats: number; times: number[] }> {
  const once = async (repeats: number): Promise<number> => {
    const before = performance.now();
    gpu.submit((encoder) => {
      for (let i = 0; i < repeats; i++) instance.encode(encoder);
    });
    await gpu.device.queue.onSubmittedWorkDone();
    return (performance.now() - before) * 1000;
  };
  await once(1);
  let repeats = 1;
  let time = await once(repeats);
  while (time < interval && repeats < 4096) {
    repeats = Math.min(4096, Math.max(repeats * 2, Math.ceil((repeats * interval) / Math.max(time, 1))));
    time = await once(repeats);
  }
  const times: number[] = [];
  for (let i = 0; i < samples; i++) times.push((await once(repeats)) / repeats);
  return { repeats, times: times.sort((a, b) => a - b) };
}

/** The row of a program whose result was found right. */
export async function measure(
  gpu: Gpu,
  names: { readonly op: string; readonly variant: string; readonly case: string },
  program: Program<unknown>,
): Promise<Measurement> {
  const instance = await program.instantiate();
  const { repeats, times } = await timeProgram(gpu, instance);
  instance.dispose();
  const median = times[Math.floor(times.length / 2)] ?? 0;
  const { flops, bytes, dispatches } = costOf(program.calls);
  return {
    adapter: gpu.adapter.label,
    software: gpu.adapter.software,
    ...names,
    verdict: "ok",
    clock: "wall",
    repeats,
    median,
    p10: times[0] ?? 0,
    p90: times.at(-1) ?? 0,
    gflops: flops / median / 1000,
    gigabytes: bytes / median / 1000,
    dispatches,
  };
}
