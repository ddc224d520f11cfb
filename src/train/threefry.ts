/** Two words of 32 bits. */
export type Words = readonly [number, number];

const parity = 0x1bd11bda;
const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

/**
 * Two words that depend on key and counter alone: Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror and Shaw 2011), the same
 * bits as `lib/threefry` gives on a device.
 */
export function threefry2x32(key: Words, counter: Words): Words {
  const keys = [key[0], key[1], key[0] ^ key[1] ^ parity];
  let x = (counter[0] + key[0]) | 0;
  let y = (counter[1] + key[1]) | 0;
  for (let injection = 1; injection <= 5; injection++) {
    for (const rotation of rotations[(injection - 1) % 2] as (typeof rotations)[0]) {
      x = (x + y) | 0;
      y = ((y << rotation) | (y >>> (32 - rotation))) ^ x;
    }
    x = (x + (keys[injection % 3] as number)) | 0;
    y = (y + (keys[(injection + 1) % 3] as number) + injection) | 0;
  }
  return [x >>> 0, y >>> 0];
}
