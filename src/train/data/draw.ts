import { threefry2x32 } from "../../tensor/threefry.ts";

/** What numbers are drawn for: draws of different uses are independent. */
const uses = { source: 0, window: 1, order: 2 } as const;

/** A number from 0 to below 1 that depends on its arguments alone, with 53 bits. */
export function drawn(seed: number, use: keyof typeof uses, index: number): number {
  const high = Math.floor(index / 2 ** 32);
  const [x, y] = threefry2x32([seed, 4 * high + uses[use]], [index >>> 0, 0]);
  return (x * 2 ** 21 + (y >>> 11)) / 2 ** 53;
}

/** Rounds of the network; with four and an ideal function a permutation looks random (Luby and Rackoff 1988). */
const rounds = 6;

/**
 * Where `index` goes in the shuffle number `epoch` of `count` things. It is computed from its arguments alone, so that an
 * order needs no memory and can be entered anywhere: a Feistel network over the next even number of bits, again until the
 * result is below `count` (Black and Rogaway 2002, "Ciphers with Arbitrary Finite Domains", section 4).
 */
export function shuffled(seed: number, epoch: number, index: number, count: number): number {
  const half = Math.max(1, Math.ceil(Math.log2(Math.max(2, count)) / 2));
  const base = 2 ** half;
  let at = index;
  do {
    let left = Math.floor(at / base);
    let right = at % base;
    for (let round = 0; round < rounds; round++) {
      const [bits] = threefry2x32([seed, uses.order], [right, epoch * rounds + round]);
      [left, right] = [right, (left ^ (bits % base)) >>> 0];
    }
    at = left * base + right;
  } while (at >= count);
  return at;
}
