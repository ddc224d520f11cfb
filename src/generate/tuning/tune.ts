import type { Gpu } from "../../gpu/gpu.ts";
import { boolean, callback, checkOptions, checkValue, fieldsOf, having, positive, text } from "../../options/checks.ts";
import type { UseTunedOptions } from "../../tune/tuned.ts";
import type { TuneOptions, TuneResult } from "./options.ts";

export type { TuneProgress } from "../../tune/pass.ts";
export type { UseTunedOptions } from "../../tune/tuned.ts";
export type { TunedRow, TunedVariant } from "../../tune/tuning-record.ts";
export type { TuneOptions, TuneResult } from "./options.ts";

const isGpu = having("adapter", "a device, which openGpu gives");

const fields = fieldsOf<TuneOptions>({
  model: having("decoder", "a model, which loadModel gives"),
  budget: positive,
  signal: having("aborted", "an AbortSignal"),
  onProgress: callback,
  store: boolean,
  folder: text,
});

const useFields = fieldsOf<UseTunedOptions>({ folder: text, onWarning: callback });

/**
 * Measures the variants of every op that a model's decode step and prefills call, or of a standard list, on this
 * device, and uses the fastest from now on, for programs recorded later. A variant qualifies if its result on the call
 * itself agrees with the simplest variant's; the command line also compares it with the float64 reference on a small
 * case. The table's choice stays unless another is at least 5 % faster. The measurements are stored (in Node a folder,
 * in a browser IndexedDB) for `useTuned` and `loadModel({ tuned: true })`. Throws `OptionError`, and `GpuError` when
 * the device is lost; an abort, or disposing the model, ends it early without an error.
 */
export async function tune(gpu: Gpu, options: TuneOptions = {}): Promise<TuneResult> {
  checkValue("tune", "gpu", isGpu, gpu);
  checkOptions("tune", fields, options);
  const { tuneDevice } = await import("./entry.ts");
  return await tuneDevice(gpu, options);
}

/**
 * Uses the measurements that `tune` stored for this device in programs recorded from now on; returns their number.
 * Damaged ones, and those of other devices or changed kernels, are skipped with a warning.
 */
export async function useTuned(gpu: Gpu, options: UseTunedOptions = {}): Promise<number> {
  checkValue("useTuned", "gpu", isGpu, gpu);
  checkOptions("useTuned", useFields, options);
  const { useStored } = await import("./entry.ts");
  return await useStored(gpu, options);
}
