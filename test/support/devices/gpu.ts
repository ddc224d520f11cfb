import { afterAll, vi } from "vitest";
import { poisoned } from "../../../src/check/canaries.ts";
import * as opening from "../../../src/gpu/device/open.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { setThreadRows } from "../../../src/kernels/attention/backward/flash-tiles.ts";
import { setPreference } from "../../../src/kernels/define/preference.ts";
import { type Kind, type Tuning, tune, tuneAs } from "../../../src/kernels/tuning.ts";

const { openGpu } = opening;
type GpuOptions = opening.GpuOptions;

const openingOf = new WeakMap<Gpu, () => Promise<Gpu>>();
const twins = new WeakMap<Gpu, Promise<Gpu>>();

async function open(options: GpuOptions): Promise<Gpu> {
  return poisoned(await openGpu(options));
}

/**
 * The device of a test file, with poisoned memory: results start as NaN and nothing is used twice. The adapter is the
 * default one, or the one that `SHADERFORMER_ADAPTER` names. `choices` are those of variants and tiles, by default of
 * the adapter's kind; `prepare` sets more of them. Gradients of attention have four rows a thread, as on a GPU: with
 * more, their kernels take several times as long to compile here.
 */
export async function testGpu(options: GpuOptions = {}, choices?: Kind, prepare?: (gpu: Gpu) => void): Promise<Gpu> {
  const opened = async () => {
    const gpu = await open(options);
    if (choices) tuneAs(gpu, choices);
    setThreadRows(gpu, 4);
    prepare?.(gpu);
    return gpu;
  };
  const gpu = await opened();
  openingOf.set(gpu, opened);
  afterAll(async () => {
    gpu.close();
    (await twins.get(gpu))?.close();
  });
  return gpu;
}

/**
 * Variants that llvmpipe compiles in a tenth to a third of the time of those that it would run: naive products for
 * tiled ones (0.02 s for 0.3 to 0.6), attention by rows for tiles and split keys (0.4 s for 1.3 each), products of few
 * rows one by one and not in subgroups with what surrounds them (0.5 s for 2.4 of all that a decoder has).
 */
export const quick: Partial<Tuning> = {
  attentionOfFewQueries: ["rows", "naive"],
  attentionOfManyQueries: ["rows", "naive"],
  matmulOfFewRows: ["vector"],
  projection: ["chain"],
  matmulOfManyRows: ["naive"],
  gemm: ["coalesced"],
};

/**
 * The device of tests of what is built from kernels, with variants that compile quickly: each variant has its own
 * tests, and decoders run those of the adapter in tests of their golden data, as one family of encoders,
 * encoder-decoders and training does.
 */
export const quickGpu = (options: GpuOptions = {}): Promise<Gpu> =>
  testGpu(options, undefined, (gpu) => tune(gpu, quick));

/**
 * The same for training with dropout, or of documents that share a row: attention has these by rows or naively too,
 * where it would otherwise take tiles.
 */
export const quickTrainingGpu = (options: GpuOptions = {}): Promise<Gpu> =>
  testGpu(options, undefined, (gpu) => {
    tune(gpu, quick);
    setPreference(gpu, ({ op }) => (op.opName === "attention" ? ["rows", "naive"] : undefined));
  });

/** A second device like one of `testGpu`; opened when it is first asked for. */
export function twinOf(gpu: Gpu): Promise<Gpu> {
  const twin = twins.get(gpu) ?? (openingOf.get(gpu) ?? (() => open({})))();
  twins.set(gpu, twin);
  return twin;
}

/** Gives devices that engines of the test file open in this thread the choices of `quickGpu`. */
export function quickEngines(): void {
  const spy = vi.spyOn(opening, "openGpu").mockImplementation(async (options) => {
    const gpu = await openGpu(options);
    tune(gpu, quick);
    return gpu;
  });
  afterAll(() => spy.mockRestore());
}
