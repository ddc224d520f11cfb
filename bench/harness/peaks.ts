import {
  copyVectors,
  type Gpu,
  increment,
  multiplyAdd,
  multiplyAddResult,
  placed,
  readWorkgroupMemory,
  type Tensor,
  upload,
  workgroupMemoryResult,
} from "../../src/index.ts";
import type { Peak, Peaks } from "../result.ts";
import { intervalOf, timeInTurns, timingOn } from "./timing.ts";

const turns = 1024;
const dispatches = 64;

/** Maximum bytes copied: more than any cache holds, if a GPU has the memory. */
const copied = { software: 32 << 20, hardware: 128 << 20 } as const;

/** A program that does `work` in one run, with its exact expected result. */
interface Probe {
  readonly record: () => Tensor;
  readonly expected: (i: number) => number;
  /** Operations, bytes or dispatches. */
  readonly work: number;
}

/**
 * Measures a device's peaks in about five seconds: each kernel's result is first compared bitwise with its closed form,
 * and the rate is that of the fastest tenth of several intervals. Throws the reason of `signal`.
 */
export async function measurePeaks(
  gpu: Gpu,
  { clock, signal }: { readonly clock: "gpu" | "wall"; readonly signal?: AbortSignal | undefined },
): Promise<Peaks> {
  /** Milliseconds of one run. */
  const timeOf = async ({ record, expected }: Probe): Promise<number> => {
    using program = gpu.record(record);
    using instance = await program.instantiate();
    instance.run();
    const memory = program.externals.includes(program.result.storage)
      ? program.result
      : placed(instance, program.result);
    const wrong = (await memory.readStored()).findIndex((value, i) => value !== expected(i));
    if (wrong >= 0) throw new Error(`element ${wrong} is wrong`);
    const options = await timingOn(gpu, clock, { intervalMs: 20, samples: 5, budgetMs: 400, signal });
    const [timing] = await timeInTurns([intervalOf(gpu, [instance], clock)], options);
    return timing?.p10Ms ?? Number.NaN;
  };
  const peak = async (value: () => Promise<number>): Promise<Peak> => {
    try {
      return { value: await value(), reason: null };
    } catch (error) {
      signal?.throwIfAborted();
      return { value: null, reason: error instanceof Error ? error.message : String(error) };
    }
  };
  /** The rate with enough threads for a run of two milliseconds, so that starting it is negligible. */
  const rate = async (probe: (n: number) => Probe): Promise<number> => {
    for (let n = 1 << 13; ; n *= 4) {
      const ms = await timeOf(probe(n));
      if (ms >= 2 || n >= 1 << 21) return probe(n).work / ms;
    }
  };

  const arithmetic = (dtype: Parameters<typeof multiplyAdd>[2]["dtype"]) => (n: number) => ({
    record: () => multiplyAdd(gpu, {}, { dtype, n, turns }).y,
    expected: (i: number) => multiplyAddResult(i, turns),
    work: 32 * turns * n,
  });
  const workgroup = Array.from({ length: 256 }, (_, i) => workgroupMemoryResult(i, turns)).flat();
  const workgroupReads = (n: number) => ({
    record: () => readWorkgroupMemory(gpu, {}, { n, turns }).y,
    expected: (i: number) => workgroup[i % workgroup.length] ?? Number.NaN,
    work: 16 * turns * n,
  });
  const noF16 = { value: null, reason: "this device has no shader-f16" };
  return {
    tflopsF32: await peak(async () => (await rate(arithmetic("f32"))) / 1e9),
    tflopsF16: gpu.features.has("shader-f16") ? await peak(async () => (await rate(arithmetic("f16"))) / 1e9) : noF16,
    copyGbs: await peak(async () => {
      const bytes = Math.min(copied[gpu.adapter.software ? "software" : "hardware"], gpu.limits.binding);
      const words = Uint32Array.from({ length: bytes / 4 }, (_, i) => Math.imul(i + 1, 0x9e3779b1));
      using x = upload(gpu, [bytes / 16, 4], "u32", words, "copied");
      const probe = { record: () => copyVectors(gpu, { x }).y, expected: (i: number) => words[i] ?? Number.NaN };
      return (2 * bytes) / (await timeOf({ ...probe, work: 2 * bytes })) / 1e6;
    }),
    workgroupGbs: await peak(async () => (await rate(workgroupReads)) / 1e6),
    dispatchUs: await peak(async () => {
      using count = upload(gpu, [1], "u32", new Uint32Array(1), "count");
      const record = () => {
        for (let i = 0; i < dispatches; i++) increment(gpu, { count });
        return count;
      };
      return ((await timeOf({ record, expected: () => dispatches, work: dispatches })) * 1000) / dispatches;
    }),
  };
}
