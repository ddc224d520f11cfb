import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { bytesOf } from "./loaded-bytes.ts";
import { type OpenSubject, openSubject, type Where } from "./open-subject.ts";
import { prompts } from "./prompts.ts";
import {
  type GenerateResult,
  type LoadedBytes,
  type Rate,
  type Ratio,
  type SubjectResult,
  spreadOf,
} from "./result.ts";
import type { Sample } from "./sample.ts";
import type { SubjectName } from "./subjects.ts";
import type { Truth } from "./truth.ts";

/** The plan of measurements. */
export interface Plan {
  readonly model: string;
  readonly subjects: readonly SubjectName[];
  /** First visits of each, and as many return visits. */
  readonly visits: number;
  /** Generations of each length, measured alternately. */
  readonly rounds: number;
  /** Lengths of generations. */
  readonly tokens: readonly number[];
  readonly where: Where;
  /** The folder that the server serves. */
  readonly site: string;
  readonly truth: Truth;
  readonly signal: AbortSignal;
  readonly onProgress: (doing: string) => void;
}

interface VisitTimes {
  readonly loadedMs: number;
  readonly firstTokenMs: number;
  readonly bytes: LoadedBytes;
}

/** The measurements of a subject so far. */
interface Measured {
  readonly subject: SubjectName;
  version: string | null;
  device: string | null;
  browser: string | undefined;
  /** Why it has dropped out. */
  stopped: { readonly verdict: "fail" | "n/a"; readonly reason: string } | undefined;
  readonly visits: { readonly first: VisitTimes[]; readonly again: VisitTimes[] };
  /** For each round, by length. */
  readonly samples: Map<number, Sample[]>;
}

/** Visits, then alternating generations; each text is checked before its time counts. */
export async function compareGeneration(plan: Plan): Promise<GenerateResult> {
  const { subjects, visits, model, signal } = plan;
  const [before = 0] = loadavg();
  const date = new Date().toISOString();
  const records = subjects.map(
    (subject): Measured => ({
      subject,
      version: null,
      device: null,
      browser: undefined,
      stopped: undefined,
      visits: { first: [], again: [] },
      samples: new Map(),
    }),
  );
  for (let i = 0; i < visits; i++) {
    for (const record of records) {
      signal.throwIfAborted();
      plan.onProgress(`visit ${i + 1} of ${visits}: ${record.subject.title}`);
      await guarded(record, () => visitTwice(record, plan));
    }
  }
  await takeTurns(records, plan);
  const [after = 0] = loadavg();
  const [processor] = cpus();
  return {
    environment: {
      date,
      model,
      node: `Node ${process.versions.node}`,
      load: [before, after],
      platform: `${process.platform} ${process.arch}`,
      processor: `${processor?.model ?? "unknown"}, ${availableParallelism()} threads`,
      browser: records.find(({ browser }) => browser !== undefined)?.browser ?? null,
    },
    subjects: records.map((record) => resultOf(record, plan)),
    ratios: plan.tokens.flatMap((tokens) => ["main", "node"].map((to) => ratioOf(records, "worker", to, tokens))),
  };
}

/** Runs a part of a subject's measurement, unless it has dropped out; an error drops it. */
async function guarded(record: Measured, run: () => Promise<void>): Promise<void> {
  if (record.stopped) return;
  try {
    await run();
  } catch (error) {
    record.stopped = { verdict: "n/a", reason: `it failed: ${firstLine(error)}` };
  }
}

/** Pages' errors are followed by the stack of their minified script. */
const firstLine = (error: unknown) => (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";

/** Checks a sample; if it is wrong, returns false and drops the subject. */
function isRight(record: Measured, { truth }: Plan, prompt: string, tokens: number, sample: Sample): boolean {
  const reason = truth.judge(prompt, tokens, sample);
  if (reason !== undefined) record.stopped = { verdict: "fail", reason };
  return reason === undefined;
}

async function open(record: Measured, plan: Plan, profile: string): Promise<OpenSubject | undefined> {
  const [prompt = "", tokens = 1] = [prompts[0], plan.tokens[0]];
  const opened = await openSubject(record.subject, plan.where, profile, { prompt, tokens });
  const { version, device, sample } = opened.visit;
  Object.assign(record, { version, device, browser: opened.browser });
  if (isRight(record, plan, prompt, tokens, sample)) return opened;
  await opened.close();
  return undefined;
}

async function inProfile(run: (profile: string) => Promise<void>): Promise<void> {
  const profile = await mkdtemp(join(tmpdir(), "shaderformer-visit-"));
  try {
    await run(profile);
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A visit with an empty profile, and one with the resulting profile. */
async function visitTwice(record: Measured, plan: Plan): Promise<void> {
  await inProfile(async (profile) => {
    for (const times of [record.visits.first, record.visits.again]) {
      const opened = await open(record, plan, profile);
      if (!opened) return;
      const { loadedMs, sample } = opened.visit;
      const bytes = await bytesOf(plan.site, opened.loaded);
      times.push({ loadedMs, firstTokenMs: sample.firstSinceStartMs, bytes });
      await opened.close();
    }
  });
}

/** Alternating generations, A B C A B C …, with all subjects open; the others wait. */
async function takeTurns(records: readonly Measured[], plan: Plan): Promise<void> {
  const { rounds, tokens, signal, onProgress } = plan;
  await inProfile(async (profile) => {
    const opened = new Map<Measured, OpenSubject>();
    try {
      for (const record of records) {
        onProgress(`opening ${record.subject.title}`);
        await guarded(record, async () => {
          const subject = await open(record, plan, join(profile, record.subject.id));
          if (subject) opened.set(record, subject);
        });
      }
      // The first round is a warm-up: longer sequences need other programs, which are compiled then.
      for (let round = 0; round <= rounds; round++) {
        const prompt = prompts[(round + 1) % prompts.length] ?? ""; // the visit used the first
        for (const count of tokens) {
          for (const [record, subject] of opened) {
            signal.throwIfAborted();
            onProgress(`round ${round} of ${rounds}: ${count} tokens, ${record.subject.title}`);
            await guarded(record, async () => {
              const sample = await subject.generate(prompt, count);
              if (!isRight(record, plan, prompt, count, sample) || round === 0) return;
              record.samples.set(count, [...(record.samples.get(count) ?? []), sample]);
            });
          }
        }
      }
    } finally {
      for (const subject of opened.values()) await subject.close();
    }
  });
}

/** Tokens per second after the first. */
const rateOf = ({ tokens, firstMs, lastMs }: Sample): number => ((tokens.length - 1) * 1000) / (lastMs - firstMs);

function resultOf({ subject, version, device, stopped, visits, samples }: Measured, plan: Plan): SubjectResult {
  const { id, title, peer } = subject;
  const { verdict, reason } = stopped ?? { verdict: "pass" as const, reason: null };
  const visitsOf = (times: readonly VisitTimes[]) => ({
    loadedMs: spreadOf(times.map(({ loadedMs }) => loadedMs)),
    firstTokenMs: spreadOf(times.map(({ firstTokenMs }) => firstTokenMs)),
    bytes: times[0]?.bytes ?? null,
  });
  const about = { id, title, peer, version, device, verdict, reason };
  if (stopped) return { ...about, firstVisit: null, returnVisit: null, rates: [] };
  const ratesOf = (tokens: number): Rate => {
    const of = samples.get(tokens) ?? [];
    return {
      tokens,
      tokensPerSecond: spreadOf(of.map(rateOf)),
      firstTokenMs: spreadOf(of.map(({ firstMs }) => firstMs)),
    };
  };
  return {
    ...about,
    firstVisit: visitsOf(visits.first),
    returnVisit: visitsOf(visits.again),
    rates: plan.tokens.map(ratesOf),
  };
}

function ratioOf(records: readonly Measured[], of: string, to: string, tokens: number): Ratio {
  const samples = (id: string) => {
    const record = records.find(({ subject }) => subject.id === id);
    return record && !record.stopped ? (record.samples.get(tokens) ?? []) : [];
  };
  const others = samples(to);
  const ratios = samples(of).flatMap((sample, round) => {
    const other = others[round];
    return other ? [rateOf(sample) / rateOf(other)] : [];
  });
  return { of, to, tokens, ratio: spreadOf(ratios) };
}
