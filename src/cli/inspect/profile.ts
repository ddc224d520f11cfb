import { cachePairs } from "../../blocks/kv-cache/cache.ts";
import { statePairs } from "../../blocks/state/cache.ts";
import type { LanguageModel } from "../../generate/language-model.ts";
import type { Session } from "../../generate/session/session.ts";
import type { Instance } from "../../gpu/gpu.ts";
import { maxBatch } from "../../kernels/step.ts";
import { replacements, upload } from "../../tensor/tensor.ts";
import type { Report } from "../progress.ts";

/** Nanoseconds of GPU time of each dispatch, in order. */
export interface ProgramTimes {
  readonly prefill: readonly number[];
  readonly decode: readonly number[];
}

/** Measured runs of each program, after one warm-up. */
const runs = 5;

/** Times the prefill of `ids` in one chunk and the greedy decode step that follows. Requires `timestamp-query`. */
export async function profilePrograms(
  model: LanguageModel,
  ids: readonly number[],
  report: Report,
): Promise<ProgramTimes> {
  using session = model.session();
  let done = 0;
  const measure = (instance: Instance<unknown>, prepare: () => Promise<void>) =>
    medians(instance, prepare, () => report({ done: ++done, total: 2 * (runs + 1) }));
  const prefill = await profilePrefill(session, ids, measure);
  const decode = await profileDecode(session, ids, measure);
  return { prefill, decode };
}

type Measure = (instance: Instance<unknown>, prepare: () => Promise<void>) => Promise<number[]>;

async function profilePrefill({ model, state }: Session, ids: readonly number[], measure: Measure) {
  const { gpu, programs } = model;
  const recorded = programs.prefill(ids.length, programs.visible(ids.length), "last");
  using step = upload(gpu, [maxBatch, 4], "u32", stepAt(0, ids.length, 0), "step");
  using tokens = upload(gpu, [1, ids.length], "u32", Uint32Array.from(ids), "token ids");
  await state.reserve([{ row: 0, length: ids.length }]);
  const cache = await state.cache.tensors(recorded.visible);
  const pairs = [...cachePairs(recorded.cache, cache), [recorded.step, step] as const];
  if (recorded.states && state.states) pairs.push(...statePairs(recorded.states, state.states.row()));
  if (recorded.ids) pairs.push([recorded.ids, tokens]);
  const instance = await recorded.program.instantiate(replacements(pairs));
  const times = await measure(instance, async () => {});
  instance.dispose();
  return times;
}

async function profileDecode({ model, state }: Session, ids: readonly number[], measure: Measure) {
  const { gpu, context } = model;
  const position = Math.min(ids.length, context - 1);
  const greedy = { penalties: false, logprobs: 0 };
  await state.reserve([{ row: 0, length: position + 1 }]);
  const { instance } = await state.bound("decode", position + 1, greedy);
  // Each run advances the step; it is reset so that all runs are the same.
  return await measure(instance, () =>
    gpu.write(state.step.storage, 0, new Uint8Array(stepAt(position, 1, ids.at(-1) ?? 0).buffer)),
  );
}

/** The step's rows with one live row: its position, its number of tokens, and the last token sampled. */
function stepAt(position: number, tokens: number, token: number): Uint32Array<ArrayBuffer> {
  const rows = new Uint32Array(maxBatch * 4);
  rows.set([position, tokens, token, 0]);
  return rows;
}

async function medians(instance: Instance<unknown>, prepare: () => Promise<void>, ran: () => void): Promise<number[]> {
  const measured: number[][] = [];
  for (let run = 0; run <= runs; run++) {
    await prepare();
    const times = await instance.profile();
    if (run > 0) measured.push(times);
    ran();
  }
  const [first = []] = measured;
  return first.map((_, i) => {
    const sorted = measured.map((times) => times[i] ?? 0).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  });
}
