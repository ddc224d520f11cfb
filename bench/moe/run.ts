import type { Gpu } from "../../src/index.ts";
import type { BenchEvents } from "../attention/run.ts";
import { type OpPlan, runOpBench } from "../ops/run.ts";
import type { BenchResult, BenchRow } from "../result.ts";
import { type MoeCase, moeCaseName, moeTable, routingFigures } from "./cases.ts";

/** What is measured, and how. */
export interface MoePlan extends Omit<OpPlan, "tables" | "complete"> {
  readonly cases: readonly MoeCase[];
  readonly variants: readonly string[];
}

/** Measures the variants of experts: checked, then timed in turns, with how even the routing is and what is padding. */
export async function runMoeBench(gpu: Gpu, plan: MoePlan, events: BenchEvents = {}): Promise<BenchResult> {
  const byName = new Map(plan.cases.map((given) => [moeCaseName(given) + given.dtype, given]));
  const complete = (row: BenchRow): BenchRow => {
    const given = byName.get(row.batch + row.dtype);
    return given ? { ...row, ...figuresOf(row, given, plan) } : row;
  };
  const table = moeTable(plan.cases, plan.variants);
  return await runOpBench(gpu, { ...plan, tables: { moe: table }, complete }, events);
}

function figuresOf(row: BenchRow, given: MoeCase, { commandOptions }: MoePlan): Partial<BenchRow> {
  const { tokens, experts, k, widths, routing, dtype } = given;
  const { threadRows, imbalance, paddingEfficiency } = routingFigures(given);
  const [c, f] = widths;
  // Of one row of an expert: gate, up and down.
  const products = 6 * c * f;
  const executed: Readonly<Record<string, number>> = {
    ...{ grouped: threadRows, bounded: threadRows, loop: threadRows, vector: tokens * k },
    dense: 4 * Math.ceil(tokens / 4) * experts,
  };
  const rows = executed[row.variant];
  const sorts = row.variant === "grouped" || row.variant === "bounded";
  return {
    imbalance,
    paddingEfficiency: sorts ? paddingEfficiency : null,
    ...(row.medianMs === null || rows === undefined ? {} : { executedFlops: products * rows }),
    command: [
      `node dist/cli.js bench moe --tokens ${tokens} --experts ${experts} --k ${k} --widths ${c}x${f}`,
      `--routing ${routing} --dtype ${dtype}`,
      ...commandOptions,
    ].join(" "),
  };
}
