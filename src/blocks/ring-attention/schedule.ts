import { checkOptions, fieldsOf, integer, listOf, oneOf, required, size } from "../../options/checks.ts";
import { ShapeError } from "../../tensor/shape.ts";

/** How tokens are distributed over the devices of a ring. */
export type RingBalance = "contiguous" | "zigzag" | "striped";

/** The arguments of a schedule. */
export interface RingPlan {
  /** Queries and keys of a sequence; with a causal mask the last query is at the last key's position. */
  readonly t: number;
  readonly s: number;
  /** Devices, each with a shard of the queries and of the keys. */
  readonly shards: number;
  /**
   * `contiguous` gives each device one run of tokens; `zigzag` makes 2·shards runs and gives device r run r from the
   * start and run r from the end; `striped` gives token i to device i mod shards. Default contiguous.
   */
  readonly balance?: RingBalance;
  /** Default causal. */
  readonly mask?: "causal" | "full";
  /**
   * For each device the order in which it processes the shards of keys; its own has its own index. Default the ring's:
   * its own first, then those of the devices before it, the nearest first.
   */
  readonly arrival?: readonly (readonly number[])[];
}

/** Checks of how tokens are distributed. */
export const balanceCheck = oneOf("contiguous", "zigzag", "striped");

const fields = fieldsOf<RingPlan>({
  t: required(size),
  s: required(size),
  shards: required(integer(1, 2 ** 16)),
  balance: balanceCheck,
  mask: oneOf("causal", "full"),
  arrival: listOf(listOf(size)),
});

/** Tokens `first`, `first + stride`, … of a sequence, contiguous in their shard from `at` on. */
export interface TokenRun {
  readonly first: number;
  readonly stride: number;
  readonly count: number;
  readonly at: number;
}

/** One run of queries against one run of keys: the unit of work between merges. */
export interface RingBlock {
  readonly device: number;
  /** From 0; all devices do a step at the same time. */
  readonly step: number;
  /** The shard of keys, by the device that holds it at the start. */
  readonly shard: number;
  readonly queries: TokenRun;
  readonly keys: TokenRun;
  /** How much of the block the mask leaves; skipped blocks cost nothing. */
  readonly relation: "skip" | "causal" | "full";
  /** Position of the first query in keys of this run: under a causal mask query i sees the keys j ≤ start + i. */
  readonly start: number;
  /** Pairs of a query and a visible key, in one head of one sequence. */
  readonly pairs: number;
}

/** Keys and values that are sent during a step, to arrive before the next. */
export interface RingHop {
  readonly step: number;
  readonly from: number;
  readonly to: number;
  readonly shard: number;
  /** Keys of the shard, in one head of one sequence. */
  readonly keys: number;
}

/** All blocks and transfers of a ring, in order. */
export interface RingSchedule {
  readonly shards: number;
  /** Per device, its runs of queries and, at the start, of keys. */
  readonly queries: readonly (readonly TokenRun[])[];
  readonly keys: readonly (readonly TokenRun[])[];
  readonly blocks: readonly RingBlock[];
  readonly hops: readonly RingHop[];
}

/** The runs of `n` tokens that each of `shards` devices has; runs without tokens are left out. */
export function dealTokens(n: number, shards: number, balance: RingBalance): TokenRun[][] {
  const runs = (device: number): (readonly [first: number, count: number, stride: number])[] => {
    if (balance === "striped") return [[device, Math.ceil((n - device) / shards), shards]];
    const pieces = balance === "zigzag" ? [device, 2 * shards - 1 - device] : [device];
    const cuts = balance === "zigzag" ? 2 * shards : shards;
    return pieces.map((piece) => {
      const first = Math.floor((piece * n) / cuts);
      return [first, Math.floor(((piece + 1) * n) / cuts) - first, 1];
    });
  };
  return Array.from({ length: shards }, (_, device) => {
    let at = 0;
    return runs(device)
      .filter(([, count]) => count > 0)
      .map(([first, count, stride]) => {
        at += count;
        return { first, stride, count, at: at - count };
      });
  });
}

/**
 * The schedule of a ring: which blocks of attention each device computes at each step, and which keys and values are
 * sent (ring attention, Liu, Zaharia and Abbeel 2023, section 3; striped as Brandon et al. 2023, section 3; zigzag as
 * in existing ring implementations for causal masks). A pure function of its arguments.
 *
 * Blocks that a causal mask empties are listed as skipped. A device's runs of queries and of keys may differ. A causal
 * mask between strided runs is again causal, with an offset of 0 or −1 where t = s. Keys are forwarded to the next
 * device of the ring as long as a later one still needs them; with a given `arrival`, a shard comes directly from the
 * device that held it at the start. Throws `ShapeError` for an invalid plan.
 */
export function ringSchedule(plan: RingPlan): RingSchedule {
  checkOptions("ringSchedule", fields, plan);
  const { t, s, shards, balance = "contiguous", mask = "causal", arrival } = plan;
  const queries = dealTokens(t, shards, balance);
  const keys = dealTokens(s, shards, balance);
  const orders = Array.from({ length: shards }, (_, device) => {
    const order = arrival ? arrival[device] : Array.from({ length: shards }, (_, u) => (device - u + shards) % shards);
    const sorted = [...(order ?? [])].sort((x, y) => x - y);
    check(
      sorted.length === shards && sorted.every((shard, i) => shard === i),
      `arrival[${device}] is [${order?.join(", ")}], expected each of the ${shards} shards once`,
    );
    return order ?? [];
  });

  const blocks: RingBlock[] = [];
  for (let step = 0; step < shards; step++) {
    for (const [device, order] of orders.entries()) {
      const shard = order[step] ?? 0;
      for (const query of queries[device] ?? []) {
        for (const key of keys[shard] ?? []) {
          blocks.push({ device, step, shard, queries: query, keys: key, ...relate(query, key, mask, s - t) });
        }
      }
    }
  }

  const needs = (device: number, shard: number) =>
    blocks.some((block) => block.device === device && block.shard === shard && block.relation !== "skip");
  const keysOf = (shard: number) => (keys[shard] ?? []).reduce((sum, { count }) => sum + count, 0);
  const hops: RingHop[] = [];
  for (let step = 0; step + 1 < shards; step++) {
    for (const [to, order] of orders.entries()) {
      const shard = order[step + 1] ?? 0;
      const from = arrival ? shard : (to - 1 + shards) % shards;
      // The devices it may still be forwarded to: in a ring all up to the one before its first holder.
      const onward = arrival ? [to] : Array.from({ length: shards - 1 - step }, (_, i) => (to + i) % shards);
      if (to !== shard && onward.some((device) => needs(device, shard))) {
        hops.push({ step, from, to, shard, keys: keysOf(shard) });
      }
    }
  }
  // A device that does not start with its own shard needs the first one before the first step.
  for (const [to, order] of orders.entries()) {
    const shard = order[0] ?? 0;
    if (shard !== to && needs(to, shard)) hops.unshift({ step: -1, from: shard, to, shard, keys: keysOf(shard) });
  }
  return { shards, queries, keys, blocks, hops };
}

/** How much of a block the mask leaves; `offset` is the position of query 0 among the keys. */
function relate(queries: TokenRun, keys: TokenRun, mask: "causal" | "full", offset: number) {
  if (mask === "full") return { relation: "full", start: 0, pairs: queries.count * keys.count } as const;
  // Key first + j·stride is visible to query first + i·stride where j ≤ i + start, since the strides are equal.
  const start = Math.floor((offset + queries.first - keys.first) / keys.stride);
  let pairs = 0;
  for (let i = 0; i < queries.count; i++) pairs += Math.max(0, Math.min(keys.count, start + i + 1));
  const all = queries.count * keys.count;
  return { relation: pairs === 0 ? "skip" : pairs === all ? "full" : "causal", start, pairs } as const;
}

function check(condition: boolean, problem: string): void {
  if (!condition) throw new ShapeError(`ringSchedule: ${problem}`);
}

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
interface FiguresOf {
  readonly b: number;
  readonly h: number;
  readonly g: number;
  readonly d: number;
  readonly dv: number;
  readonly bytes?: number;
}

const count = required(size);
const figureFields = fieldsOf<FiguresOf>({ b: count, h: count, g: count, d: count, dv: count, bytes: size });

/** The figures of a ring; further fields of the sizes are ignored. */
export const figuresOf = (schedule: RingSchedule, { b, h, g, d, dv }: FiguresOf): RingFigures =>
  ringFigures(schedule, { b, h, g, d, dv });

/**
 * Counts work and traffic of a ring: `b` sequences, `h` query heads, `g` key and value heads, `d` and `dv` elements of
 * a row of k and v, 4 bytes per element by default. A full mask, and any balanced one, moves `(shards − 1) · b · g · s
 * · (d + dv)` elements, since each shard visits every other device; contiguous causal shards move on only as far as
 * they are needed.
 */
export function ringFigures({ shards, blocks, hops }: RingSchedule, sizes: FiguresOf): RingFigures {
  checkOptions("ringFigures", figureFields, sizes);
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
