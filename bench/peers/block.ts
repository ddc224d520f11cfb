// The block that every engine computes: one of GPT-2 small.
import { normal } from "../../src/check/random.ts";
import type { BlockProblem } from "./problems.ts";

/** The sizes of GPT-2 small (Radford et al. 2019): width, heads and their width, hidden width. */
export const gpt2Small = { c: 768, h: 12, d: 64, hidden: 3072, eps: 1e-5 } as const;

type Values = Float32Array<ArrayBuffer>;

/** A projection's values: `weight` `[out, in]`, as in checkpoints other than GPT-2's own, and `bias` `[out]`. */
export interface LinearValues {
  readonly weight: Values;
  readonly bias: Values;
  readonly out: number;
  readonly in: number;
}

/** The values of a block: its inputs and its weights. */
export interface BlockValues {
  /** `[t, c]` */
  readonly x: Values;
  /** Keys and values of earlier tokens, `[h, s - t, d]` */
  readonly keys: Values;
  readonly values: Values;
  /** Weight and bias `[c]` of the norms before attention and before the feed-forward layer. */
  readonly norms: readonly [NormValues, NormValues];
  readonly q: LinearValues;
  readonly k: LinearValues;
  readonly v: LinearValues;
  readonly output: LinearValues;
  readonly up: LinearValues;
  readonly down: LinearValues;
}

/** The values of a layer norm, `[c]` each. */
export interface NormValues {
  readonly weight: Values;
  readonly bias: Values;
}

type Weights = Omit<BlockValues, "x" | "keys" | "values">;

let made: Weights | undefined;

/** The weights, made once for every engine and the check. */
function weights(): Weights {
  const { c, hidden } = gpt2Small;
  const linear = (inner: number, out: number, seed: number): LinearValues => ({
    weight: random(out * inner, seed, 1 / Math.sqrt(inner)),
    bias: random(out, seed + 1, 0.1),
    out,
    in: inner,
  });
  const norm = (seed: number) => ({ weight: random(c, seed), bias: random(c, seed + 1, 0.1) });
  made ??= {
    norms: [norm(1), norm(3)],
    q: linear(c, c, 5),
    k: linear(c, c, 7),
    v: linear(c, c, 9),
    output: linear(c, c, 11),
    up: linear(c, hidden, 13),
    down: linear(hidden, c, 15),
  };
  return made;
}

const random = (size: number, seed: number, scale = 1) => Float32Array.from(normal(size, seed, scale));

/** The values of a block, the same in every run. */
export function blockValues({ t, s }: BlockProblem): BlockValues {
  const { c, h, d } = gpt2Small;
  const past = h * (s - t) * d;
  return { x: random(t * c, 17), keys: random(past, 18), values: random(past, 19), ...weights() };
}

/** A cache `[h, s, d]` with room for this run's tokens, from the values before them `[h, s - t, d]`. */
export function cacheOf({ t, s }: BlockProblem, past: Values): Values {
  const { h, d } = gpt2Small;
  const all = new Float32Array(h * s * d);
  const own = (s - t) * d;
  for (let head = 0; head < h; head++) all.set(past.subarray(head * own, (head + 1) * own), head * s * d);
  return all;
}

/** Operations and bytes of a block: matrix products, and weights, stream, keys and values moved once. */
export function blockWork({ t, s }: BlockProblem): { readonly flops: number; readonly bytes: number } {
  const { c, hidden } = gpt2Small;
  const weights = 4 * c * c + 2 * c * hidden;
  const pairs = t * (s - t) + (t * (t + 1)) / 2;
  return { flops: 2 * t * weights + 4 * pairs * c, bytes: 4 * (weights + 2 * t * c + 2 * s * c) };
}
