// What the visitor's GPU said of the kernel under study.
import { computed, effect, signal } from "@preact/signals";
import type { Verdict } from "../../../src/study/puzzles/grader/grade.ts";
import { device, reopen } from "../../shell/device/device.ts";
import { say } from "../../shell/status.ts";
import { words } from "../../shell/trouble/sentence.ts";
import { workerClient } from "../../shell/worker/client.ts";
import { rungOf, shownName } from "../kernels/rungs.ts";
import type { Attempt } from "../puzzles/attempt.ts";
import * as state from "../state.ts";
import type { CompilerMessage, Contestant, GpuCalls, GpuRun, GpuTimes } from "../worker/gpu-protocol.ts";
import { isEdited, isOfRecord, type Study } from "../worker/protocol.ts";
import { noteSpeed } from "./speed.ts";

const client = workerClient<GpuCalls>(
  () => new Worker(new URL("../worker/gpu-worker.ts", import.meta.url), { type: "module", name: "gpu" }),
);

/** The outputs of a study on the GPU. */
export interface OnGpu {
  readonly study: Study;
  readonly run: GpuRun;
}
const lastRun = signal<OnGpu | undefined>(undefined);
/** The outputs of what is studied now, if it ran. */
export const gpuRun = computed(() => (lastRun.value?.study === state.study.value ? lastRun.value.run : undefined));

const lastTimes = signal<{ readonly study: Study; readonly factor: number; readonly times: GpuTimes } | undefined>(
  undefined,
);
export const gpuTimes = computed(() => (lastTimes.value?.study === state.study.value ? lastTimes.value : undefined));

/** What the thread does now, in words; undefined while it waits. */
export const gpuWork = signal<string | undefined>(undefined);
/** Why the last run or timing failed. */
export const gpuFailure = signal<string | undefined>(undefined);
/** By how much sizes are multiplied to be timed: those of a picture are too small for a GPU. */
export const factor = signal(8);
export const withPeaks = signal(true);

/** What the browser's compiler says of the reader's text, which the interpreter takes. */
export const refusal = signal<readonly CompilerMessage[]>([]);

let stop: AbortController | undefined;

/** Opens the device, once the page shows something without it. */
export function startGpu(): void {
  reopen.value = client.start;
  client.start();
  effect(() => {
    const { code } = state.joined.value;
    const isChanged = isEdited(state.study.value);
    const entry = state.study.value.own?.entry;
    refusal.value = [];
    if (!isChanged || device.value.kind !== "ready" || state.problem.value) return;
    client.call("compile", { code, entry }).then(
      (found) => {
        if (state.joined.peek().code === code) refusal.value = found;
      },
      () => undefined, // the device was lost, which the page says
    );
  });
}

const larger = (study: Study, by: number): Study => {
  const fields = state.prepared.value?.sizes ?? [];
  return { ...study, sizes: Object.fromEntries(fields.map(({ name, value }) => [name, Math.min(65_536, value * by)])) };
};

/**
 * The texts that are timed together, on sizes so many times larger: the reader's, the kernel's own if that is another,
 * the rung before. Buffers of the reader's may suit one text alone.
 */
function contestants(study: Study, by: number): Contestant[] {
  if (study.own) return [{ name: "your text", study, timed: study }];
  const isChanged = isEdited(study);
  const before = rungOf(study.kernel)?.than;
  return [
    { name: isChanged ? "your text" : shownName(study.kernel), study },
    ...(isChanged ? [{ name: shownName(study.kernel), study: { ...study, edits: {} } }] : []),
    ...(before === undefined
      ? []
      : [{ name: shownName(before), study: { ...study, kernel: before, edits: {}, constants: {} } }]),
  ].map(({ name, study: one }) => ({ name, study: one, timed: larger(one, by) }));
}

/** Runs the kernel on the GPU, and times it with others, each if its result is right; finds peaks too if asked. */
export async function checkAndTime(peaks: boolean): Promise<void> {
  const study = state.study.value;
  stop = new AbortController();
  const { signal: ended } = stop;
  gpuFailure.value = undefined;
  gpuWork.value = "running";
  say("Running on the GPU");
  try {
    const run = await client.call("run", study, { signal: ended });
    lastRun.value = { study, run };
    gpuWork.value = "timing";
    const by = study.own ? 1 : factor.value;
    const given = { contestants: contestants(study, by), withPeaks: peaks };
    const onProgress = (words: string) => {
      gpuWork.value = words;
    };
    const times = await client.call("time", given, {
      signal: ended,
      onProgress: onProgress as (words: unknown) => void,
    });
    lastTimes.value = { study, factor: by, times };
    if (isOfRecord(study)) noteSpeed(study.kernel, times.times, given.contestants[0]?.timed.sizes ?? {});
    say("Times are there");
  } catch (error) {
    if (!ended.aborted) gpuFailure.value = words(error);
    say(ended.aborted ? "Stopped" : "Failed");
  } finally {
    gpuWork.value = undefined;
  }
}

/** Grades a text of a puzzle, on the GPU too. */
export const gradeOnGpu = (attempt: Attempt): Promise<Verdict> => client.call("grade", attempt);

export const stopGpu = (): void => stop?.abort(new Error("stopped"));
