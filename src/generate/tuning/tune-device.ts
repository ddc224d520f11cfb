// A pass over a model's calls, or over a standard list, and what is stored of it.
import type { Gpu } from "../../gpu/gpu.ts";
import type { SmallChecks } from "../../tune/measure-call.ts";
import { type PassResult, tunePass } from "../../tune/pass.ts";
import { standardSubjects } from "../../tune/standard-calls.ts";
import { storedRows, useRows } from "../../tune/tuned.ts";
import { nameOf, tunedDevice, tuningRecord } from "../../tune/tuning-record.ts";
import { type TuningStore, tuningStore } from "../../tune/tuning-store.ts";
import { modelSubjects } from "./model-calls.ts";
import type { TuneOptions, TuneResult } from "./options.ts";

/** Default time of a pass in milliseconds: Node's users wait for a command, a page's for the page. */
const standardBudget = () => ("document" in globalThis || "importScripts" in globalThis ? 20_000 : 60_000);

/** `tune` of ./tune.ts, which says what it does; with `checks`, variants are compared with the float64 reference too. */
export async function tuneDevice(gpu: Gpu, options: TuneOptions, checks?: SmallChecks): Promise<TuneResult> {
  const { folder, store = true } = options;
  const pass = await passOver(gpu, options, checks);
  const device = tunedDevice(gpu);
  const { rows, left, aborted } = pass;
  const record = tuningRecord(device, rows, store ? await storedRows(gpu, { folder, onWarning: () => {} }) : []);
  const kept = store && rows.length > 0 ? tuningStore(folder) : undefined;
  const stored = kept !== undefined && (await written(kept, nameOf(device), `${JSON.stringify(record, null, 1)}\n`));
  useRows(gpu, record.rows, console.warn);
  return { rows, left, aborted, stored };
}

/** Writes a text; false, with a warning, where it cannot be kept: in a private window, on a full disk. */
async function written(store: TuningStore, name: string, text: string): Promise<boolean> {
  try {
    await store.write(name, text);
    return true;
  } catch (error) {
    console.warn(`tuning is not stored: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

/** The pass itself, which ends early when it is aborted or its model is disposed. */
async function passOver(
  gpu: Gpu,
  { model, budget = standardBudget(), signal: given, onProgress }: TuneOptions,
  checks: SmallChecks | undefined,
): Promise<PassResult> {
  using _use = model?.lifetime.use(); // what the pass reads is there until it has ended
  const signal = AbortSignal.any([given, model?.lifetime.signal].filter((one) => one !== undefined));
  const deadline = performance.now() + budget;
  let dispose = () => {};
  try {
    const made = model ? await modelSubjects(model, deadline, signal) : standardSubjects(gpu);
    dispose = made.dispose;
    await gpu.flush();
    const left = deadline - performance.now();
    return await tunePass(gpu, made.subjects, { budget: left, signal, onProgress, checks });
  } catch (error) {
    if (signal.aborted && error === signal.reason) return { rows: [], left: 0, aborted: true };
    throw error;
  } finally {
    dispose();
  }
}
