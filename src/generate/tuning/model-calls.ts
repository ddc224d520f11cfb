// The calls of a model's programs, with memory as a run of the programs leaves it.
import type { Gpu, Instance } from "../../gpu/gpu.ts";
import type { Replacement } from "../../gpu/program.ts";
import type { Storage } from "../../gpu/storage.ts";
import { writtenBy } from "../../tune/call-results.ts";
import { type Collected, collect, logicalStorages, subjectsOf } from "../../tune/collect.ts";
import { filled, type Subject } from "../../tune/measure-call.ts";
import { firstChunk } from "../chunks.ts";
import type { LanguageModel } from "../language-model.ts";
import type { Recorded } from "../programs.ts";
import { openPrograms, type ProgramChoice } from "./model-programs.ts";

/** Subjects of a model, and what frees their memory. */
export interface ModelSubjects {
  readonly subjects: readonly Subject[];
  dispose(): void;
}

/** Tokens of the prefills whose calls are measured: of a chunk, and of shorter prompts and rests, each another class. */
const prefills = [firstChunk, firstChunk / 2, firstChunk / 4, firstChunk / 8];

/**
 * Calls of a step that are timed one after the other: layers whose weights take turns, so that these do not stay in the
 * processor's caches as they would if one layer ran alone.
 */
const stepCalls = 4;

/**
 * What to measure for a model: the calls of a decode step and of prefills, most expensive first within each, those that
 * variants of others make before these. The programs are run once, so that memory holds what it does in use. After `deadline`
 * no further prefill is added.
 */
export async function modelSubjects(
  model: LanguageModel,
  deadline: number,
  signal?: AbortSignal,
): Promise<ModelSubjects> {
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
    const chunk = await add({ tokens: longest, decode: false }); // the step reads what this stores
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

/** Runs a program once; gives memory with what it writes into these storages. */
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

/** Inner calls first, then by what all calls of the key cost. */
function byCost(collected: readonly Collected[], { program }: Recorded<unknown>): Collected[] {
  const costs = new Map<string, number>();
  for (const { op, dispatches } of program.calls) {
    const cost = dispatches.reduce((sum, { cost }) => sum + cost.compulsoryBytes + cost.flops / 4, 0);
    costs.set(op, (costs.get(op) ?? 0) + cost);
  }
  const costOf = ({ calls }: Collected) => costs.get(calls[0]?.op.opName ?? "") ?? 0;
  return [...collected].sort((a, b) => b.depth - a.depth || costOf(b) - costOf(a));
}
