// One op, class of shapes and format: every variant that accepts it, checked and then timed in turns.
import { nmseCaps } from "../check/compare.ts";
import type { Gpu, Program } from "../gpu/gpu.ts";
import type { Replacement } from "../gpu/program/program.ts";
import type { Storage } from "../gpu/storage.ts";
import type { OpCall } from "../kernels/define/preference.ts";
import { unlessAborted } from "../options/abort.ts";
import { type Before, type Candidate, differs, type Results, restore, resultsOf } from "./call-results.ts";
import { kernelTexts } from "./kernel-texts.ts";
import { clockFor, intervalOf, type Timing, type TimingOptions, timeInTurns, timingOn } from "./timing.ts";
import type { TunedRow, TunedVariant } from "./tuning-record.ts";

/** Calls that share a measurement. */
export interface Subject {
  readonly key: string;
  /** Some of the calls, whose other memory differs where it can: they are timed one after the other. */
  readonly calls: readonly OpCall[];
  /** How often the program makes this call. */
  readonly count: number;
  /** Memory for storages of a recorded program that the calls read. Those without get zeros. */
  readonly memory: ReadonlyMap<Storage, Replacement>;
}

/** How a call is measured. */
export interface MeasureOptions {
  readonly timing: TimingOptions;
  readonly signal?: AbortSignal | undefined;
  /**
   * Comparison with the float64 reference on small cases. Absent in pages, which would have to load the cases of all
   * ops. There a variant is compared only with the plainest one, which this project's tests compare with the reference.
   */
  readonly checks?: SmallChecks | undefined;
}

/** How variants of a call are compared with the float64 reference. */
export interface SmallChecks {
  /** The cap on the normalised mean squared error of two results of a call. */
  readonly capOf: (call: OpCall) => number;
  /** Why a variant is wrong on a small case like the call. */
  readonly wrongOnSmall: (gpu: Gpu, call: OpCall, variant: string) => Promise<string | undefined>;
}

/** Two results that each have this share of the cap on an error differ by at most four times it. */
const twice = 4;

/** A winner is this much faster than the table's choice; less is noise, and the table stays. */
const minGain = 0.95;

/**
 * Measures the variants of a call. Undefined where at most one accepts it. A variant whose result differs from the
 * plainest variant's, which is checked against the float64 reference, gets no time. Throws the reason of `signal`.
 */
export async function measureCall(
  gpu: Gpu,
  subject: Subject,
  { timing, signal, checks }: MeasureOptions,
): Promise<TunedRow | undefined> {
  const [call] = subject.calls;
  if (!call) return undefined;
  const { op, tensors, options } = call;
  const survey = op.survey(gpu, tensors, options);
  const accepted = [...survey].flatMap(([name, why]) => (why === undefined ? [name] : []));
  const ordered = [...new Set(op.order(tensors, options, gpu))].filter((name) => accepted.includes(name));
  const [untuned] = ordered;
  if (untuned === undefined || accepted.length < 2) return undefined;
  const { texts } = kernelTexts(gpu, call);
  const found = new Map<string, TunedVariant>(
    [...survey].flatMap(([name, reason]) => (reason === undefined ? [] : [[name, { name, reason }]])),
  );
  const zeros: Storage[] = [];
  const before: Before = new Map();
  const right: Candidate[] = [];
  try {
    const memory = new Map(subject.memory);
    const plainest = ordered.at(-1) ?? untuned;
    let truth: Results | undefined;
    for (const name of new Set([plainest, ...accepted])) {
      signal?.throwIfAborted();
      const wrong = await attempt(gpu, signal, async () => {
        const reason = await checks?.wrongOnSmall(gpu, call, name);
        if (reason !== undefined) return reason;
        const candidate = await instantiate(gpu, subject, name, memory, zeros, signal);
        right.push(candidate);
        const results = await resultsOf(gpu, candidate, call, memory, before);
        truth ??= results;
        return differs(results, truth, checks?.capOf(call) ?? twice * nmseCaps.f32);
      });
      if (wrong === undefined) continue;
      found.set(name, { name, reason: `wrong: ${wrong}` });
      const last = right.at(-1);
      if (last?.name === name) close(right.splice(-1));
      if (name === plainest) return undefined; // there is nothing to compare with
    }
    await restore(gpu, before);
    const times = await timesOf(gpu, right, untuned, timing, signal);
    for (const { name } of right) {
      const { medianMs } = times.get(name) ?? { medianMs: 0 };
      found.set(name, { name, ms: medianMs / subject.calls.length });
    }
    const [fastest = untuned] = [...times.keys()].sort(
      (a, b) => (times.get(a)?.medianMs ?? 0) - (times.get(b)?.medianMs ?? 0),
    );
    const faster = fastest !== untuned && (await confirmed(gpu, right, fastest, untuned, timing, signal));
    return {
      key: subject.key,
      choice: faster ? fastest : untuned,
      untuned,
      variants: [...survey.keys()].flatMap((name) => found.get(name) ?? []),
      texts,
      measured: new Date().toISOString(),
    };
  } finally {
    close(right);
    if (!gpu.closed && !gpu.gone.aborted) await restore(gpu, before);
    for (const storage of zeros) gpu.release(storage);
  }
}

/** A variant that takes this many times as long as the fastest in one run is not timed in turns. */
const hopeless = 2.5;

/** The times of candidates: one run of each, then turns of those that may win and of the table's choice. */
async function timesOf(
  gpu: Gpu,
  candidates: readonly Candidate[],
  untuned: string,
  timing: TimingOptions,
  signal: AbortSignal | undefined,
): Promise<Map<string, Times>> {
  const clock = clockFor(gpu);
  const runs = candidates.map(({ name, instance }) => ({ name, run: intervalOf(gpu, [instance], clock) }));
  const times = new Map<string, Times>();
  for (const { name, run } of runs) {
    signal?.throwIfAborted();
    const once = await run(1); // it has run before, for its result
    times.set(name, { medianMs: once, p90Ms: once });
  }
  const fastest = Math.min(...[...times.values()].map(({ medianMs }) => medianMs));
  const close = runs.filter(({ name }) => name === untuned || (times.get(name)?.medianMs ?? 0) <= hopeless * fastest);
  const options = { ...(await timingOn(gpu, clock, timing)), signal };
  const timings = await timeInTurns(
    close.map(({ run }) => run),
    options,
  );
  close.forEach(({ name }, i) => {
    const timed = timings[i];
    if (timed) times.set(name, timed);
  });
  return times;
}

/** Whether a variant is faster than the table's choice beyond noise, where these two alone take turns once more. */
async function confirmed(
  gpu: Gpu,
  candidates: readonly Candidate[],
  fastest: string,
  untuned: string,
  timing: TimingOptions,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const two = candidates.filter(({ name }) => name === fastest || name === untuned);
  if (two.length < 2) return true; // the table's choice is wrong
  const longer = { ...timing, samples: 2 * timing.samples, budgetMs: 2 * timing.budgetMs };
  const times = await timesOf(gpu, two, untuned, longer, signal);
  const [best, usual] = [times.get(fastest), times.get(untuned)];
  return best !== undefined && usual !== undefined && isFaster(best, usual);
}

const isFaster = (best: Times, usual: Times) => best.medianMs < minGain * usual.medianMs && best.p90Ms < usual.medianMs;

type Times = Pick<Timing, "medianMs" | "p90Ms">;

/** What is wrong with a variant: the result of `work`, or its error, unless the device is lost. */
async function attempt(
  gpu: Gpu,
  signal: AbortSignal | undefined,
  work: () => Promise<string | undefined>,
): Promise<string | undefined> {
  try {
    return await work();
  } catch (error) {
    gpu.assertUsable();
    signal?.throwIfAborted();
    return error instanceof Error ? error.message : String(error);
  }
}

const close = (candidates: readonly Candidate[]) => {
  for (const { instance, program } of candidates) {
    instance.dispose();
    program.dispose();
  }
};

async function instantiate(
  gpu: Gpu,
  { calls }: Subject,
  variant: string,
  memory: Map<Storage, Replacement>,
  zeros: Storage[],
  signal: AbortSignal | undefined,
): Promise<Candidate> {
  const program = gpu.record(() =>
    calls.map(({ op, tensors, options }) => op(gpu, tensors, { ...options, variant })),
  ) as Program<readonly object[]>;
  for (const storage of program.externals) {
    if (storage.buffer || memory.has(storage)) continue;
    const real = gpu.unscoped(() => gpu.upload(storage.label, storage.bytes, () => {}));
    zeros.push(real);
    memory.set(storage, { storage: real, offset: 0 });
  }
  try {
    const used = new Map([...memory].filter(([storage]) => program.externals.includes(storage)));
    return { name: variant, program, instance: await unlessAborted(program.instantiate(used, gpu, signal), signal) };
  } catch (error) {
    program.dispose();
    throw error;
  }
}

/** Storage with these contents, for `Subject.memory`. */
export function filled(gpu: Gpu, { label, bytes }: Storage, contents: ArrayBuffer): Replacement {
  const data = new Uint8Array(contents).subarray(0, bytes);
  const storage = gpu.unscoped(() => gpu.upload(label, bytes, (memory) => new Uint8Array(memory).set(data)));
  return { storage, offset: 0 };
}
