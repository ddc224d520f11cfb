import { checkOptions, fieldsOf, required, size } from "../../options/checks.ts";
import type { RingSchedule } from "./schedule.ts";

/** The cost of a ring, counted from its schedule. */
export interface RingFigures {
  /** Per device: pairs of a query and a visible key, over all heads and sequences. */
  readonly pairs: readonly number[];
  /** The largest number of pairs of a device, divided by the mean: 1 is balanced. */
  readonly imbalance: number;
  /**
   * The same if devices wait for one another after every step, as in a ring: the sum over steps of the largest number
   * of pairs, divided by the mean of the devices' totals.
   */
  readonly stepImbalance: number;
  /** Bytes of k and v sent between devices, each hop counted. */
  readonly hopBytes: number;
}

/** The sizes that figures depend on. */
export interface FiguresOf {
  readonly b: number;
  readonly h: number;
  readonly g: number;
  readonly d: number;
  readonly dv: number;
  readonly bytes?: number;
}

const count = required(size);
const fields = fieldsOf<FiguresOf>({ b: count, h: count, g: count, d: count, dv: count, bytes: size });

/** The figures of a ring of these sizes, among others. */
export const figuresOf = (schedule: RingSchedule, { b, h, g, d, dv }: FiguresOf): RingFigures =>
  ringFigures(schedule, { b, h, g, d, dv });

/**
 * Counts work and traffic of a ring: `b` sequences, `h` query heads, `g` key and value heads, `d` and `dv` elements of
 * a row of k and v, 4 bytes per element by default. A full mask, and any balanced one, moves `(shards − 1) · b · g · s
 * · (d + dv)` elements, since each shard visits every other device; contiguous causal shards move on only as far as
 * they are needed.
 */
export function ringFigures({ shards, blocks, hops }: RingSchedule, sizes: FiguresOf): RingFigures {
  checkOptions("ringFigures", fields, sizes);
  const { b, h, g, d, dv, bytes = 4 } = sizes;
  const pairs = new Array<number>(shards).fill(0);
  const ofStep = Array.from({ length: shards }, () => new Array<number>(shards).fill(0));
  for (const { device, step, pairs: own } of blocks) {
    pairs[device] = (pairs[device] ?? 0) + b * h * own;
    const row = ofStep[step];
    if (row) row[device] = (row[device] ?? 0) + b * h * own;
  }
  const mean = pairs.reduce((sum, own) => sum + own, 0) / shards;
  const critical = ofStep.reduce((sum, row) => sum + Math.max(...row), 0);
  return {
    pairs,
    imbalance: mean > 0 ? Math.max(...pairs) / mean : 1,
    stepImbalance: mean > 0 ? critical / mean : 1,
    hopBytes: hops.reduce((sum, { keys }) => sum + keys, 0) * b * g * (d + dv) * bytes,
  };
}
