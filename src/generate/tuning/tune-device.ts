import type { Gpu, Instance } from "../../gpu/gpu.ts";
import type { Replacement } from "../../gpu/program/program.ts";
import type { Storage } from "../../gpu/storage.ts";
import { writtenBy } from "../../tune/call-results.ts";
import { type Collected, collect, logicalStorages, subjectsOf } from "../../tune/collect.ts";
import { filled, type SmallChecks, type Subject } from "../../tune/measure-call.ts";
import { type PassResult, tunePass } from "../../tune/pass.ts";
import { standardSubjects } from "../../tune/standard-calls.ts";
import { storedRows, useRows } from "../../tune/tuned.ts";
import { nameOf, tunedDevice, tuningRecord } from "../../tune/tuning-record.ts";
import { type TuningStore, tuningStore } from "../../tune/tuning-store.ts";
import type { LanguageModel } from "../language-model.ts";
import { firstChunk } from "../session/chunks.ts";
import type { RecordedProgram } from "../session/programs.ts";
import { openPrograms, type ProgramChoice } from "./model-programs.ts";
import type { TuneOptions, TuneResult } from "./options.ts";

// A pass over a model's calls, or over a standard list, and its storage.

/** Default time of a pass in milliseconds: longer in Node, where users wait for a command, than in a page. */
const standardBudget = () => ("document" in globalThis || "importScripts" in globalThis ? 20_000 : 60_000);

/** Implements `tune` of ./tune.ts; with `checks`, variants are also compared with the float64 reference. */
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

/** Stores a text; false, with a warning, if it cannot: in a private window, on a full disk. */
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
  using _use = model?.lifetime.use(); // keeps the pass's memory until it has ended
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

// The calls of a model's programs, with memory as after a run.

/** Subjects of a model, and the functions that free their memory. */
interface ModelSubjects {
  readonly subjects: readonly Subject[];
  dispose(): void;
}

/** Tokens of the prefills to measure: a chunk, and shorter prompts and remainders, each in another size class. */
const prefills = [firstChunk, firstChunk / 2, firstChunk / 4, firstChunk / 8];

/**
 * Calls of a step timed in sequence: layers alternate, so that weights do not stay in the processor's caches as they
 * would if one layer ran alone.
 */
const stepCalls = 4;

/**
 * What to measure for a model: the calls of a decode step and of prefills, most expensive first within each, calls made
 * inside other variants before these. The programs are run once, so that memory has realistic contents. After
 * `deadline` no further prefill is added.
 */
async function modelSubjects(model: LanguageModel, deadline: number, signal?: AbortSignal): Promise<ModelSubjects> {
  const { gpu } = model;
  const opened = await openPrograms(model);
  const { made, longest } = opened;
  try {
    const known = new Set<string>();
    const add = async (what: ProgramChoice) => {
      signal?.throwIfAborted();
      const { result: recorded, collected } = collect(gpu, () => opened.record(what), what.decode ? stepCalls : 1);
      const fresh = collected.filter(({ key }) => !known.has(key));
      for (const { key } of fresh) known.add(key);
      const memory = (await opened.memoryFor(recorded, what)).replacements;
      using instance = await recorded.program.instantiate(memory, gpu, signal);
      for (const [storage, replacement] of await contents(gpu, instance, logicalStorages(fresh), memory)) {
        memory.set(storage, replacement);
        made.push(replacement.storage);
      }
      return subjectsOf(gpu, byCost(fresh, recorded), memory, made);
    };
    const chunk = await add({ tokens: longest, decode: false }); // the step reads its cache
    const step = await add({ tokens: 1, decode: true });
    const others: Subject[] = [];
    for (const tokens of prefills) {
      if (tokens >= longest || performance.now() > deadline) continue;
      others.push(...(await add({ tokens, decode: false })));
    }
    return { subjects: [...step, ...chunk, ...others], dispose: opened.dispose };
  } catch (error) {
    opened.dispose();
    throw error;
  }
}

/** Runs a program once; returns memory with its writes to these storages. */
async function contents(
  gpu: Gpu,
  instance: Instance<unknown>,
  wanted: ReadonlySet<Storage>,
  given: ReadonlyMap<Storage, Replacement>,
): Promise<Map<Storage, Replacement>> {
  const found = new Map<Storage, ArrayBuffer>();
  await gpu.flush();
  await instance.step(async (operation, read) => {
    for (const storage of operation.kind === "dispatch" ? writtenBy(operation.dispatch) : []) {
      if (wanted.has(storage) && !given.has(storage)) found.set(storage, await read(storage));
    }
    return true;
  });
  return new Map([...found].map(([storage, bytes]) => [storage, filled(gpu, storage, bytes)]));
}

/** Inner calls first, then by total cost of all calls of the key. */
function byCost(collected: readonly Collected[], { program }: RecordedProgram<unknown>): Collected[] {
  const costs = new Map<string, number>();
  for (const { op, dispatches } of program.calls) {
    const cost = dispatches.reduce((sum, { cost }) => sum + cost.compulsoryBytes + cost.flops / 4, 0);
    costs.set(op, (costs.get(op) ?? 0) + cost);
  }
  const costOf = ({ calls }: Collected) => costs.get(calls[0]?.op.opName ?? "") ?? 0;
  return [...collected].sort((a, b) => b.depth - a.depth || costOf(b) - costOf(a));
}
