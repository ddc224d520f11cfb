// Runs in random orders, which a kernel without races does not notice.
import { haveSameBytes } from "../../study/differences.ts";
import { type ExecuteOptions, execute } from "../../wgsl/run/execute/execute.ts";
import type { EntryPoint, Variable } from "../../wgsl/run/program.ts";

type Buffers = ExecuteOptions["buffers"];

/** Random schedules. */
export interface Schedules {
  readonly runs: number;
  /** How many of them leave the same bits as the run in ascending order. */
  readonly equal: number;
}

/**
 * Runs an entry point in so many random orders.
 *
 * @param filled Buffers as they are before a run.
 * @param expected What the run in ascending order left.
 */
export function runSchedules(
  runs: number,
  entry: EntryPoint,
  options: Omit<ExecuteOptions, "buffers">,
  filled: () => Buffers,
  expected: ReadonlyMap<Variable, ArrayBuffer>,
): Schedules {
  const seeds = Array.from({ length: runs }, (_, i) => i + 1);
  const equal = seeds.filter((seed) => {
    const buffers = filled();
    execute(entry, { ...options, buffers, seed, onDivergence: "report" });
    return [...expected].every(([variable, bytes]) => haveSameBytes(bytes, buffers.get(variable) ?? bytes));
  }).length;
  return { runs, equal };
}
