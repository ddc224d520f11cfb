// Times a model's prefill and decode step under several sets of measurements, alternating.
import type { Instance } from "../../gpu/gpu.ts";
import { preferenceOf, setPreference } from "../../kernels/define/preference.ts";
import { clockFor, type Interval, intervalOf, type Timing, timeInTurns, timingOn } from "../../tune/timing.ts";
import { useRows } from "../../tune/tuned.ts";
import type { TunedRow } from "../../tune/tuning-record.ts";
import type { LanguageModel } from "../language-model.ts";
import { openPrograms, type ProgramChoice } from "./model-programs.ts";

/** The times of one program. */
export interface Compared {
  readonly program: string;
  /** By the name of the set. */
  readonly times: Readonly<Record<string, Timing>>;
}

/** Five alternating runs of each; a run repeats the program for a tenth of a second. */
const runs = { intervalMs: 100, samples: 5, budgetMs: 5000 };

/** Maximum repeats of a step between two writes of its position, so that it stays within the recorded length. */
const maxSteps = 128;

/** Times a prefill and a decode step of a model under each set of measurements; an empty one means the tables alone. */
export async function compareChoices(
  model: LanguageModel,
  sets: Readonly<Record<string, readonly TunedRow[]>>,
  signal?: AbortSignal,
): Promise<Compared[]> {
  const { gpu } = model;
  const before = preferenceOf(gpu);
  const clock = clockFor(gpu);
  const timing = { ...(await timingOn(gpu, clock, runs)), signal };
  const opened: { dispose(): void }[] = [];
  const compared: Compared[] = [];
  try {
    const byName = new Map<string, Awaited<ReturnType<typeof openPrograms>>>();
    for (const name of Object.keys(sets)) byName.set(name, await openPrograms(model));
    opened.push(...byName.values());
    for (const decode of [false, true]) {
      const intervals: Interval[] = [];
      const what = ({ longest }: { readonly longest: number }): ProgramChoice =>
        decode ? { tokens: 1, decode } : { tokens: longest, decode };
      for (const [name, programs] of byName) {
        useRows(gpu, sets[name] ?? []);
        const recorded = programs.record(what(programs));
        const { replacements, step } = await programs.memoryFor(recorded, what(programs));
        const instance: Instance<unknown> = await recorded.program.instantiate(replacements, gpu, signal);
        opened.unshift(instance);
        const run = intervalOf(gpu, [instance], clock);
        intervals.push(async (repeats) => {
          let time = 0;
          for (let left = repeats; left > 0; left -= maxSteps) {
            await gpu.write(step.tensor.storage, 0, new Uint8Array(step.rows.buffer));
            time += await run(Math.min(left, maxSteps));
          }
          return time;
        });
      }
      const timings = await timeInTurns(intervals, timing);
      const [first] = byName.values();
      const program = decode ? "decode step" : `prefill of ${first?.longest ?? 0} tokens`;
      compared.push({
        program,
        times: Object.fromEntries(Object.keys(sets).map((name, i) => [name, timings[i] as Timing])),
      });
    }
    return compared;
  } finally {
    useRows(gpu, []);
    setPreference(gpu, before);
    for (const one of opened) one.dispose();
  }
}
