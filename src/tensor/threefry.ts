/** Two 32-bit words. */
export type Words = readonly [number, number];

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24];
const PARITY = 0x1bd11bda;

/**
 * Counter-based random numbers: two words that depend only on key and counter, the same on every machine. Threefry-2x32
 * with 20 rounds (Salmon, Moraes, Dror and Shaw 2011; constants as in Random123). `shaders/lib/numbers/threefry.wgsl`
 * computes the same words.
 */
export function threefry2x32(key: Words, counter: Words): [number, number] {
  const keys = [key[0] >>> 0, key[1] >>> 0, (key[0] ^ key[1] ^ PARITY) >>> 0];
  const keyOf = (injection: number): number => keys[injection % 3] ?? 0;
  let x0 = (counter[0] + keyOf(0)) >>> 0;
  let x1 = (counter[1] + keyOf(1)) >>> 0;
  for (let round = 0; round < 20; round++) {
    const rotation = ROTATIONS[round % 8] ?? 0;
    x0 = (x0 + x1) >>> 0;
    x1 = (((x1 << rotation) | (x1 >>> (32 - rotation))) ^ x0) >>> 0;
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      x0 = (x0 + keyOf(injection)) >>> 0;
      x1 = (x1 + keyOf(injection + 1) + injection) >>> 0;
    }
  }
  return [x0, x1];
}

/** A random word as a number in [0, 1): its upper 24 bits, which are exact in f32. */
export const uniform01 = (word: number): number => (word >>> 8) / 2 ** 24;
