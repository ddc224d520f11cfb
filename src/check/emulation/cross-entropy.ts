// Cross-entropy and its gradient as plain f32 loops, every operation rounded.
import type { CrossEntropyOptions } from "../../reference/cross-entropy.ts";
import { at, axes, type Dense, dense } from "../../reference/dense.ts";
import { allowedUlps } from "../gate.ts";
import { inRuns, type Sum } from "./sums.ts";

const f = Math.fround;

/** Logits of a row as they are used, in f32. */
function used(logits: Dense, row: number, cols: number, { vocabulary = cols, softcap }: CrossEntropyOptions) {
  const raw = logits.values.subarray(row * cols, row * cols + vocabulary);
  if (softcap === undefined) return raw;
  return raw.map((x) => (Number.isFinite(x) ? f(f(softcap) * f(Math.tanh(f(x / f(softcap))))) : x));
}

const isIgnored = (target: number, { ignored = -100 }: CrossEntropyOptions) => target >>> 0 === ignored >>> 0;

/** Cross-entropy in f32; as `src/reference/cross-entropy.ts`. */
export function crossEntropy(
  { logits, targets }: { logits: Dense; targets: Dense },
  options: CrossEntropyOptions,
  sumOf: Sum = inRuns,
): { losses: Dense; lse: Dense; loss: Dense; count: Dense } {
  const { rows, cols } = axes("crossEntropy", { logits, targets }, { logits: "rows cols", targets: "rows" });
  const [losses, lse] = [dense([rows]), dense([rows])];
  let count = 0;
  for (let row = 0; row < rows; row++) {
    const target = at(targets.values, row);
    if (isIgnored(target, options)) continue;
    count++;
    const z = used(logits, row, cols, options);
    const own = z[target] ?? Number.NaN;
    const largest = z.reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY);
    const weight = (i: number) => (i === target ? 0 : f(Math.exp(f(at(z, i) - largest))));
    const others = sumOf(weight, z.length);
    const below = f(own - largest);
    const log = below === 0 ? f(Math.log1p(others)) : f(Math.log(f(others + f(Math.exp(below)))));
    lse.values[row] = f(largest + log);
    const apart = sumOf((i) => f(at(z, i) - (Number.isFinite(own) ? own : 0)), z.length);
    const even = options.smoothing ? f(f(options.smoothing) * f(apart / z.length)) : 0;
    const square = f(f(f(options.zLoss ?? 0) * at(lse.values, row)) * at(lse.values, row));
    losses.values[row] = f(f(f(log - below) - even) + square);
  }
  const mean = count === 0 ? 0 : f(sumOf((row) => at(losses.values, row), rows) / count);
  return { losses, lse, loss: dense([1], [mean]), count: dense([1], [count]) };
}

/** The gradient in f32; as `src/reference/cross-entropy.ts`. */
export function crossEntropyBackward(
  { logits, targets, lse, count, dloss }: { logits: Dense; targets: Dense; lse: Dense; count: Dense; dloss: Dense },
  options: CrossEntropyOptions,
  sumOf: Sum = inRuns,
): { dlogits: Dense } {
  const { rows, cols } = axes("crossEntropy", { logits, targets }, { logits: "rows cols", targets: "rows" });
  const dlogits = dense(logits.shape);
  const live = at(count.values, 0);
  const factor = live === 0 ? 0 : f(at(dloss.values, 0) / live);
  const [smoothing, zLoss] = [f(options.smoothing ?? 0), f(options.zLoss ?? 0)];
  for (let row = 0; row < rows; row++) {
    const target = at(targets.values, row);
    if (isIgnored(target, options)) continue;
    const z = used(logits, row, cols, options);
    const own = at(lse.values, row);
    const p = z.map((one) => f(Math.exp(f(one - own))));
    const others = sumOf((i) => (i === target ? 0 : at(p, i)), p.length);
    const steep = f(1 + f(f(2 * zLoss) * own));
    const even = f(smoothing / p.length);
    for (let i = 0; i < p.length; i++) {
      const raw = f(at(logits.values, row * cols + i) / f(options.softcap ?? 1));
      const slope = options.softcap === undefined ? 1 : Number.isFinite(raw) ? f(1 / Math.cosh(raw) ** 2) : 0;
      const truth = f(f(f(steep - 1) + f(smoothing * f(1 - f(1 / p.length)))) - f(steep * others));
      const inner = i === target ? truth : f(f(steep * at(p, i)) - even);
      dlogits.values[row * cols + i] = target < p.length ? f(f(factor * slope) * inner) : Number.NaN;
    }
  }
  return { dlogits };
}

const log = 3; // ulps of WGSL's log away from 1, for which the kernels have a series

/**
 * The errors that WGSL allows the builtins of a row's loss, in ulps: those of exp at the largest of the other tokens
 * where the target is above them, since the loss then depends on that exponential, and at 0 where it is not.
 */
export function allowedInLoss(
  { logits, targets }: { logits: Dense; targets: Dense },
  options: CrossEntropyOptions,
): Float64Array {
  const { rows, cols } = axes("crossEntropy", { logits, targets }, { logits: "rows cols", targets: "rows" });
  return Float64Array.from({ length: rows }, (_, row) => {
    const target = at(targets.values, row);
    const z = used(logits, row, cols, options);
    const others = z.reduce((most, one, i) => (i === target ? most : Math.max(most, one)), Number.NEGATIVE_INFINITY);
    const below = (z[target] ?? 0) - others;
    return allowedUlps.exp(Number.isFinite(below) ? Math.max(0, below) : 0) + log + allowedUlps.division;
  });
}

/**
 * The errors that WGSL allows the builtins of each element of the gradient: of its probability, and of a softcap's
 * slope.
 */
export function allowedInGradient(
  { logits, lse }: { logits: Dense; lse: Dense },
  { smoothing = 0, softcap, vocabulary }: CrossEntropyOptions,
): Float64Array {
  const { cols } = axes("crossEntropy", { logits, lse }, { logits: "rows cols", lse: "rows" });
  return logits.values.map((x, i) => {
    if (!Number.isFinite(x)) return 0;
    const [z, u] = softcap === undefined ? [x, 0] : [softcap * Math.tanh(x / softcap), x / softcap];
    const below = z - at(lse.values, Math.floor(i / cols));
    const p = Math.exp(below);
    // Of a difference that is mostly the even share of smoothing, the probability's errors are a part.
    const share = smoothing === 0 ? 1 : Math.min(1, p / Math.abs(p - smoothing / (vocabulary ?? cols)));
    const slope = softcap === undefined ? 0 : allowedUlps.exp(2 * Math.abs(u)) + allowedUlps.division;
    return share * allowedUlps.exp(Number.isFinite(below) ? below : 0) + slope + allowedUlps.division;
  });
}

/**
 * The same where the other tokens' probabilities are a sum of exp(z − largest), which is rescaled where blocks and
 * threads are joined and multiplied by exp(largest − lse): the errors of these two exponentials are of the whole sum,
 * from which the target's gradient is a difference.
 */
export function allowedInBlocks(
  inputs: { logits: Dense; targets: Dense; lse: Dense },
  options: CrossEntropyOptions,
): Float64Array {
  const { logits, targets, lse } = inputs;
  const { rows, cols } = axes("crossEntropy", { logits, targets }, { logits: "rows cols", targets: "rows" });
  const { smoothing = 0, vocabulary = cols } = options;
  const allowed = allowedInGradient(inputs, options);
  for (let row = 0; row < rows; row++) {
    const target = at(targets.values, row);
    const z = used(logits, row, cols, options);
    const own = z[target];
    if (own === undefined || !Number.isFinite(own)) continue;
    const largest = z.reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY);
    const below = largest - at(lse.values, row);
    const others = 1 - Math.exp(own - at(lse.values, row));
    const difference = Math.abs(smoothing * (1 - 1 / vocabulary) - others);
    const rescaled = allowedUlps.exp(0); // of exp(x − largest), whose errors weigh exp(x − largest)
    const ulps = ((rescaled + allowedUlps.exp(below)) * others) / Math.max(difference, Number.MIN_VALUE);
    if (Number.isFinite(ulps)) allowed[row * cols + target] = at(allowed, row * cols + target) + ulps;
  }
  return allowed;
}
