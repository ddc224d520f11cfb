// A pass over a model's calls, or over a standard list, and what is stored of it.
import type { Gpu } from "../../gpu/gpu.ts";
import type { SmallChecks } from "../../tune/measure-call.ts";
import { type PassResult, tunePass } from "../../tune/pass.ts";
import { standardSubjects } from "../../tune/standard-calls.ts";
import { storedRows, useRows } from "../../tune/tuned.ts";
import { nameOf, tunedDevice, tuningRecord } from "../../tune/tuning-record.ts";
import { tuningStore } from "../../tune/tuning-store.ts";
import { modelSubjects } from "./model-calls.ts";
import type { TuneOptions, TuneResult } from "./options.ts";

/** Default time of a pass in milliseconds: Node's users wait for a command, a page's for the page. */
const standardBudget = () => ("document" in globalThis || "importScripts" in globalThis ? 20_000 : 60_000);

/** `tune` of ./tune.ts, which says what it does; with `checks`, variants are compared with the float64 reference too. */
export async function tuneDevice(gpu: Gpu, options: TuneOptions, checks?: SmallChecks): Promise<TuneResult> {
  const { model, budget = standardBudget(), signal, onProgress, folder, store = true } = options;
  const deadline = performance.now() + budget;
  const { subjects, dispose } = model ? await modelSubjects(model, deadline, signal) : standardSubjects(gpu);
  let pass: PassResult;
  try {
    await gpu.flush();
    pass = await tunePass(gpu, subjects, { budget: deadline - performance.now(), signal, onProgress, checks });
  } finally {
    dispose();
  }
  const device = tunedDevice(gpu);
  const { rows, left, aborted } = pass;
  const record = tuningRecord(device, rows, store ? await storedRows(gpu, { folder, onWarning: () => {} }) : []);
  const kept = store && rows.length > 0 ? tuningStore(folder) : undefined;
  await kept?.write(nameOf(device), `${JSON.stringify(record, null, 1)}\n`);
  useRows(gpu, record.rows, console.warn);
  return { rows, left, aborted, stored: kept !== undefined };
}
