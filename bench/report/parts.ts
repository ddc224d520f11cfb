import type { Case, CaseTable } from "../../src/check/case-table.ts";
import { firstCases } from "../../src/check/first-cases.ts";
import { reportOf } from "../../src/check/report.ts";
import type { Gpu, TuneOptions, TuneResult } from "../../src/index.ts";
import { attentionCase, caseName } from "../attention/case.ts";
import { runAttentionBench } from "../attention/run.ts";
import { standardCases } from "../attention/standard-cases.ts";
import type { TimingOptions } from "../harness/timing.ts";
import { runModelBench, type Subject, testName, testsOf } from "../models/run.ts";
import { runOpBench } from "../ops/run.ts";
import { opTables } from "../ops/tables.ts";
import type { Peaks } from "../result.ts";
import { caseTables } from "./case-tables.ts";
import type { DeviceReport, OpCheck, PartName } from "./result.ts";

/** What a report measures with: the caller has what a page and Node do differently. */
export interface ReportPlan {
  readonly versions: DeviceReport["versions"];
  readonly timing: TimingOptions;
  readonly clock: "gpu" | "wall";
  /** False for rows without shares of measured peaks. */
  readonly peaks: boolean;
  /** Milliseconds after which nothing further begins. */
  readonly budgetMs: number;
  readonly commandOptions: readonly string[];
  /** Loads the bundled model, checked; throws where it is not at hand. */
  readonly openModel: (gpu: Gpu) => Promise<Subject>;
  readonly tune: (gpu: Gpu, options: TuneOptions) => Promise<TuneResult>;
}

/** What a run has found so far, which grows. */
export type Found = { -readonly [K in "checks" | "rows" | "generation" | "tuning"]: DeviceReport[K][number][] };

/** What an item of a part is given. */
export interface Context {
  readonly gpu: Gpu;
  readonly plan: ReportPlan;
  readonly peaks: Peaks | null;
  readonly found: Found;
  readonly signal: AbortSignal | undefined;
  /** When the part should have ended, by `performance.now()`. */
  readonly deadline: number;
  readonly progress: (what: string) => void;
}

/** How much of an item is missing. */
interface Late {
  readonly what: string;
  readonly count: number;
}

/** One measurement. */
export interface Item {
  readonly name: string;
  /** Its name among what was left out, if several share one. */
  readonly listed?: string;
  /** True of those that a software adapter leaves out. */
  readonly long: boolean;
  /** Adds what it finds; returns what the time did not suffice for. */
  readonly run: (context: Context) => Promise<Late | undefined>;
}

/** A part of a report. */
export interface Part {
  readonly name: PartName;
  /** Where it should have ended, as a share of the time. */
  readonly until: number;
  readonly items: () => AsyncIterable<Item>;
}

/** The parts in their order: times that one does not need are the next one's. */
export const parts: readonly Part[] = [
  { name: "checks", until: 0.35, items: checks },
  { name: "attention", until: 0.6, items: attention },
  { name: "products", until: 0.7, items: () => ops("matmul", "gemm") },
  { name: "norms", until: 0.76, items: () => ops("rms-norm", "layer-norm") },
  { name: "block", until: 0.82, items: () => ops("block") },
  { name: "generation", until: 0.9, items: generation },
  { name: "tuning", until: 0.98, items: tuning },
];

const brief = (value: number): number => Number(value.toPrecision(3));

/**
 * The first tier's cases of every table: of each table its first variant's first case, then of each the next, so that a
 * time that does not suffice leaves out variants and cases rather than ops. A software adapter takes one case of each
 * variant.
 */
async function* checks(): AsyncGenerator<Item> {
  const queues: Item[][] = [];
  for await (const table of caseTables()) {
    const cases = [...firstCases(table)].map(([variant, chosen]) =>
      [...chosen].map((item, i) => checkOf(table, variant, item, i > 0)),
    );
    queues.push(inTurn(cases));
  }
  yield* inTurn(queues);
}

/** The first of each list, then the second of each, and so on. */
function inTurn<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1))).flat();
}

const checkOf = (table: CaseTable, variant: string, item: Case, long: boolean): Item => ({
  name: `${table.op} ${variant}: ${item.name}`,
  listed: `${table.op} ${variant}`,
  long,
  run: async ({ gpu, found }) => {
    const report = await reportOf(gpu, table, variant, item, { mayRefuse: true });
    found.checks.push({ op: table.op, ...briefly(report) });
    return undefined;
  },
});

function briefly({ figures, ...report }: Omit<OpCheck, "op">): Omit<OpCheck, "op"> {
  if (!figures) return report;
  const { nmse, errorRatio, meanErrorRatio } = figures;
  const ratio = (value: number | null) => (value === null ? null : brief(value));
  return {
    ...report,
    figures: { nmse: brief(nmse), errorRatio: ratio(errorRatio), meanErrorRatio: ratio(meanErrorRatio) },
  };
}

/** Cases of attention's standard set that a software adapter takes: a prefill and a decode step. */
const shortCases = 2;

async function* attention(): AsyncGenerator<Item> {
  for (const [i, text] of standardCases.entries()) {
    const given = attentionCase(text);
    yield {
      name: caseName(given),
      long: i >= shortCases,
      run: async ({ gpu, plan, peaks, found, signal, progress }) => {
        const { timing, clock, commandOptions } = plan;
        const shared = { timing, clock, commandOptions, peaks: peaks ?? false, rotateBytes: 0 };
        const { rows } = await runAttentionBench(
          gpu,
          { cases: [given], ...shared },
          { signal, onProgress: ({ what }) => progress(what) },
        );
        found.rows.push(...rows);
        return undefined;
      },
    };
  }
}

/** The benches of ops; a software adapter takes the first case of each. */
async function* ops(...names: readonly string[]): AsyncGenerator<Item> {
  for (const op of names) {
    const table = await opTables[op]?.();
    for (const [i, item] of (table?.cases ?? []).entries()) {
      yield {
        name: `${op} ${item.name}`,
        long: i > 0,
        run: async ({ gpu, plan, peaks, found, signal }) => {
          const { timing, clock, commandOptions } = plan;
          const tables = table ? { [op]: { ...table, cases: [item] } } : {};
          const shared = { timing, clock, commandOptions, peaks: peaks ?? false };
          const { rows } = await runOpBench(gpu, { tables, ...shared }, { signal });
          found.rows.push(...rows);
          return undefined;
        },
      };
    }
  }
}

/** Tokens of the prompt and of its continuation, and how often each is measured. */
const [prompt, generated, repetitions] = [128, 64, 3];

async function* generation(): AsyncGenerator<Item> {
  const tests = testsOf([prompt], [generated], [0]);
  yield {
    name: tests.map(testName).join(", "),
    long: false,
    run: async ({ gpu, plan, found, signal, progress }) => {
      const subject = await plan.openModel(gpu);
      try {
        const onRow = (row: Found["generation"][number]) => void found.generation.push(row);
        await runModelBench([subject], { tests, repetitions, signal, onRow, onProgress: progress });
      } finally {
        await subject.close();
      }
      return undefined;
    },
  };
}

/** The tuner's standard list; nothing is stored, so that a report leaves the device's choices as they were. */
async function* tuning(): AsyncGenerator<Item> {
  yield {
    name: "the standard list",
    long: false,
    run: async ({ gpu, plan, found, signal, deadline, progress }) => {
      const result = await plan.tune(gpu, {
        budget: Math.max(1, deadline - performance.now()),
        store: false,
        ...(signal && { signal }),
        onProgress: ({ key }) => progress(key),
      });
      found.tuning.push(
        ...result.rows.map(({ key, choice, untuned, variants }) => ({ key, choice, untuned, variants })),
      );
      signal?.throwIfAborted();
      return result.left > 0 ? { what: "calls of the standard list", count: result.left } : undefined;
    },
  };
}
