import type { Gpu } from "../../src/index.ts";
import type { BenchEvents } from "../attention/run.ts";
import { type OpPlan, runOpBench } from "../ops/run.ts";
import type { BenchResult, BenchRow } from "../result.ts";
import { type MoeCase, moeCaseName, moeTable, routingFigures } from "./cases.ts";

/** The plan of measurements. */
export interface MoePlan extends Omit<OpPlan, "tables" | "complete"> {
  readonly cases: readonly MoeCase[];
  readonly variants: readonly string[];
}

/** Measures the variants of experts: checked, then timed alternately, with the routing's imbalance and the padding. */
export async function runMoeBench(gpu: Gpu, plan: MoePlan, events: BenchEvents = {}): Promise<BenchResult> {
  const byName = new Map(plan.cases.map((given) => [moeCaseName(given) + given.dtype, given]));
  // Rows per thread in the products that loop and dense choose.
  const threadRows = gpu.adapter.software && gpu.features.has("subgroups") ? 8 : 4;
  const complete = (row: BenchRow): BenchRow => {
    const given = byName.get(row.batch + row.dtype);
    return given ? { ...row, ...figuresOf(row, given, plan, threadRows) } : row;
  };
  const table = moeTable(plan.cases, plan.variants);
  return await runOpBench(gpu, { ...plan, tables: { moe: table }, complete }, events);
}

/** Rows per block of the grouped products, and rows per thread, which skips rows that are all padding. */
const blocks: Readonly<Record<string, { readonly rows: number; readonly thread: number }>> = {
  grouped: { rows: 32, thread: 4 },
  bounded: { rows: 32, thread: 4 },
  subgroups: { rows: 8, thread: 8 },
};

function figuresOf(row: BenchRow, given: MoeCase, { commandOptions }: MoePlan, threadRows: number): Partial<BenchRow> {
  const { tokens, experts, k, widths, routing, dtype } = given;
  const { imbalance, rowsInBlocks } = routingFigures(given);
  const [c, f] = widths;
  // For one row of an expert: gate, up and down.
  const products = 6 * c * f;
  const executed: Readonly<Record<string, number>> = {
    loop: rowsInBlocks(threadRows),
    vector: tokens * k,
    dense: threadRows * Math.ceil(tokens / threadRows) * experts,
  };
  const block = blocks[row.variant];
  const rows = block ? rowsInBlocks(block.thread) : executed[row.variant];
  return {
    imbalance,
    paddingEfficiency: block ? (tokens * k) / rowsInBlocks(block.rows) : null,
    ...(row.medianMs === null || rows === undefined ? {} : { executedFlops: products * rows }),
    command: [
      `node dist/cli.js bench moe --tokens ${tokens} --experts ${experts} --k ${k} --widths ${c}x${f}`,
      `--routing ${routing} --dtype ${dtype}`,
      ...commandOptions,
    ].join(" "),
  };
}
