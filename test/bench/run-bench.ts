import { expect } from "vitest";
import {
  type AttentionPlan,
  type AttentionSubject,
  attentionCase,
  type BenchRow,
  type CaseText,
  noOwn,
  type OwnMods,
  runAttentionBench,
} from "../../bench/index.ts";
import type { Gpu } from "../../src/index.ts";

/** Timing options for tests that ignore times: as short as possible. */
export const timing = { intervalMs: 1, samples: 2, budgetMs: 50 };

/** Fields that only a correct row has. */
export const speeds = [
  ...(["medianMs", "p10Ms", "p90Ms", "repeats", "samples", "clock", "clockQuantumMs"] as const),
  ...(["tflops", "gbs", "shareOfFastest"] as const),
] as const;

/** The rows of some subjects on some cases, with default heads 4/2x32, so that few shaders are compiled. */
export function benchRows(gpu: Gpu) {
  return async (
    cases: readonly CaseText[],
    subjects: readonly AttentionSubject[] | undefined,
    more: Partial<AttentionPlan> = {},
    own: OwnMods = noOwn,
  ): Promise<readonly BenchRow[]> => {
    const plan = {
      cases: cases.map((words) => attentionCase({ heads: "4/2x32", ...words }, own)),
      subjects,
      timing,
      clock: "wall" as const,
      rotateBytes: 0,
      peaks: false,
      commandOptions: [],
      ...more,
    };
    const seen: BenchRow[] = [];
    const progress: string[] = [];
    const result = await runAttentionBench(gpu, plan, {
      onRow: (row) => seen.push(row),
      onProgress: ({ what, done, total }) => progress.push(`${done}/${total} ${what}`),
    });
    const names = (rows: readonly BenchRow[]) => rows.map(({ id }) => id);
    expect(names(seen)).toEqual(names(result.rows));
    expect(new Set(names(seen)).size).toBe(seen.length);
    expect(progress.at(-1)).toBe(`${cases.length}/${cases.length} done`);
    return result.rows;
  };
}
