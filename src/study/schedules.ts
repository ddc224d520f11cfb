// Runs in random orders, which a kernel without races does not notice.
import { type ExecuteOptions, execute } from "../wgsl/run/execute/execute.ts";
import type { EntryPoint, Variable } from "../wgsl/run/program.ts";
import { haveSameBytes } from "./differences.ts";

type Buffers = ExecuteOptions["buffers"];

/**
 * What an entry point leaves in so many random orders of threads and workgroups, one after the other. Throws `WgslError`
 * for one that does not end.
 *
 * @param filled Buffers as they are before a run.
 */
export function* inRandomOrders(
  runs: number,
  entry: EntryPoint,
  options: Omit<ExecuteOptions, "buffers">,
  filled: () => Buffers,
): Generator<Buffers> {
  for (let seed = 1; seed <= runs; seed++) {
    const buffers = filled();
    execute(entry, { ...options, buffers, seed, onDivergence: "report" });
    yield buffers;
  }
}

/** Random schedules. */
export interface Schedules {
  readonly runs: number;
  /** How many of them leave the same bits as the run in ascending order. */
  readonly equal: number;
}

/** Runs an entry point in so many random orders. `expected` is what the run in ascending order left. */
export function runSchedules(
  runs: number,
  entry: EntryPoint,
  options: Omit<ExecuteOptions, "buffers">,
  filled: () => Buffers,
  expected: ReadonlyMap<Variable, ArrayBuffer>,
): Schedules {
  const equal = [...inRandomOrders(runs, entry, options, filled)].filter((buffers) =>
    [...expected].every(([variable, bytes]) => haveSameBytes(bytes, buffers.get(variable) ?? bytes)),
  ).length;
  return { runs, equal };
}
