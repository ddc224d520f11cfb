import { integer, required } from "../options/checks.ts";
import { threefry2x32 } from "../tensor/threefry.ts";
import { given, tensor } from "./arguments.ts";
import { at, type Dense, dense } from "./dense.ts";

/** Which elements are dropped; as `src/kernels/elementwise/dropout.ts` describes it. */
export interface DropoutOptions {
  readonly rate: number;
  readonly site: number;
}

const rateCheck = (value: unknown) =>
  typeof value === "number" && value >= 0 && value < 1 ? undefined : "a number from 0 to below 1";

const optionChecks = { rate: required(rateCheck), site: required(integer(0, 2 ** 32 - 17)) };

/**
 * Dropout of attention's weights, an option of `attention` and `attentionBackward`: the factor of the weight of a query
 * at position q and of key k, in a head of `heads`. Words of Threefry as in {@link dropout}: that of the pair is word k
 * mod 2 of counter (q, ⌊k / 2⌋) and of the key of the head, which are the words of key (seed, step) and counter (b ·
 * heads + h, 16 + site). key `[2]`.
 */
export function weightDropout(
  tensors: { key: Dense },
  options: DropoutOptions & { readonly heads: number },
): (b: number, h: number, q: number, k: number) => number {
  const { key } = given("weightDropout", tensors, { key: tensor });
  const checks = { ...optionChecks, heads: required(integer(1, 2 ** 30)) };
  const { rate, site, heads } = given("weightDropout", options, checks);
  const threshold = Math.floor(rate * 2 ** 32);
  return (b, h, q, k) => {
    const own = threefry2x32([at(key.values, 0), at(key.values, 1)], [b * heads + h, 16 + site]);
    const word = threefry2x32(own, [q >>> 0, k >>> 1])[k % 2] ?? 0;
    return word >= threshold ? 1 / (1 - rate) : 0;
  };
}

/**
 * Dropout: `x / (1 − rate)` where a word of Threefry-2x32-20 is at least `⌊rate · 2³²⌋`, else 0: for elements 2i and 2i
 * + 1 those of key (seed, step) and counter (i, 16 + site). x `[...]`, key `[2]` → y like x. Its gradient is the
 * dropout of that of y.
 */
export function dropout(tensors: { x: Dense; key: Dense }, options: DropoutOptions): { y: Dense } {
  const { x, key } = given("dropout", tensors, { x: tensor, key: tensor });
  const chosen = given("dropout", options, optionChecks);
  const threshold = Math.floor(chosen.rate * 2 ** 32);
  const y = dense(x.shape);
  for (const [i, value] of x.values.entries()) {
    const words = threefry2x32([at(key.values, 0), at(key.values, 1)], [i >> 1, 16 + chosen.site]);
    y.values[i] = (words[i % 2] ?? 0) >= threshold ? value / (1 - chosen.rate) : 0;
  }
  return { y };
}

// The one generator of the engine, on the CPU: samplers, dropout and new weights draw from it.
export { threefry2x32, uniform01, type Words } from "../tensor/threefry.ts";
