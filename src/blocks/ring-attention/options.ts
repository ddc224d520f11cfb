import type { Gpu } from "../../gpu/gpu.ts";
import { attention } from "../../kernels/attention/attention.ts";
import {
  type Checks,
  fieldsOf,
  finite,
  integer,
  kinds,
  listOf,
  oneOf,
  positive,
  required,
  size,
} from "../../options/checks.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import { balanceCheck, type RingBalance, type RingPlan } from "./schedule.ts";

/** A score that does not depend on positions, as attention over parts of a sequence requires. */
export type PlacelessScore = "none" | { readonly kind: "softcap"; readonly cap: number };

/** Options of ring attention. */
export interface RingAttentionOptions {
  /** Number of devices; default as many as are given. On one device this many are simulated. */
  readonly shards?: number;
  /** How tokens are distributed; see {@link RingPlan}. Default contiguous. */
  readonly balance?: RingBalance;
  /** Default causal. */
  readonly mask?: "causal" | "full";
  /** For each device the order in which it processes shards; default the ring's. */
  readonly arrival?: readonly (readonly number[])[];
  /**
   * The order in which partial results are merged. `shard` (default) waits for all and merges them in the order of
   * their keys, so that the result is bitwise the same in any order of arrival; `arrival` merges each on arrival and
   * keeps one partial result, so that rounding depends on the order.
   */
  readonly merge?: "shard" | "arrival";
  readonly score?: PlacelessScore;
  /** Factor of the dot product; default 1/√d. */
  readonly scale?: number;
  /** The variant of attention for the blocks; default attention's choice. */
  readonly variant?: keyof typeof attention.variants;
}

/** Checks of the options. */
export const ringChecks: Checks<RingAttentionOptions> = {
  shards: integer(1, 2 ** 16),
  balance: balanceCheck,
  mask: oneOf("causal", "full"),
  arrival: listOf(listOf(size)),
  merge: oneOf("shard", "arrival"),
  score: Object.assign(kinds({ softcap: { cap: required(positive) } }, "none"), {
    why: "scores that depend on positions differ within a shard",
  }),
  scale: finite,
  variant: oneOf(...Object.keys(attention.variants)),
};
export const ringOptions = fieldsOf<RingAttentionOptions>(ringChecks);

/** How a block is computed: the options that do not affect the schedule. */
export type BlockOptions = Pick<RingAttentionOptions, "merge" | "score" | "scale" | "variant">;

/** The sizes of a problem. */
export interface RingSizes {
  readonly b: number;
  readonly h: number;
  readonly g: number;
  readonly t: number;
  readonly s: number;
  readonly d: number;
  readonly dv: number;
}

/**
 * Sizes from shapes q `[b, h, t, d]`, k `[b, g, s, d]`, v `[b, g, s, dv]`; throws `ShapeError` where they do not fit.
 */
export function ringSizes({
  q,
  k,
  v,
}: Readonly<Record<"q" | "k" | "v", { readonly shape: readonly number[] }>>): RingSizes {
  for (const [name, { shape }, pattern] of [
    ["q", q, "[b, h, t, d]"],
    ["k", k, "[b, g, s, d]"],
    ["v", v, "[b, g, s, dv]"],
  ] as const) {
    if (shape.length !== 4) fail(`${name} is ${formatShape(shape)}, expected ${pattern}`);
  }
  const [b = 0, h = 0, t = 0, d = 0] = q.shape;
  const [, g = 0, s = 0] = k.shape;
  const dv = v.shape[3] ?? 0;
  const fits = (shape: readonly number[], expected: readonly number[], name: string) => {
    if (formatShape(shape) !== formatShape(expected)) {
      fail(`${name} is ${formatShape(shape)}, expected ${formatShape(expected)} with q ${formatShape(q.shape)}`);
    }
  };
  fits(k.shape, [b, g, s, d], "k");
  fits(v.shape, [b, g, s, dv], "v");
  if (g === 0 || h % g !== 0) fail(`${h} query heads do not divide among ${g} key and value heads`);
  if (s === 0) fail(`k is ${formatShape(k.shape)}, expected at least one key`);
  return { b, h, g, t, s, d, dv };
}

/** The plan for these options and lengths. */
export function ringPlan(
  { t, s }: RingSizes,
  { balance, mask, arrival }: RingAttentionOptions,
  shards: number,
): RingPlan {
  return {
    t,
    s,
    shards,
    ...(balance ? { balance } : {}),
    ...(mask ? { mask } : {}),
    ...(arrival ? { arrival } : {}),
  };
}

/** The number of devices; throws `ShapeError` where the option and the devices given differ. */
export function shardsOf(gpus: Gpu | readonly Gpu[], { shards }: RingAttentionOptions): number {
  const given = Array.isArray(gpus) ? gpus.length : undefined;
  if (given === 0) fail("no devices");
  if (given === undefined && shards === undefined)
    fail("shards is missing; on one device, expected the number of devices to simulate");
  if (given !== undefined && shards !== undefined && shards !== given) {
    fail(`${shards} shards for ${given} devices, expected as many`);
  }
  return shards ?? given ?? 1;
}

function fail(problem: string): never {
  throw new ShapeError(`ringAttention: ${problem}`);
}
