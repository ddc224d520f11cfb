/** A field of bits in the codes of a block: where the bits of element e are. */
export interface CodeBits {
  readonly bits: number;
  /** The byte within the block that holds those of element e. */
  readonly byte: (e: number) => number;
  /** The lowest of them within the byte. */
  readonly shift: (e: number) => number;
}

/** Reading and writing of codes composed of several such fields, the lowest bits first. */
export function codeBits(elements: number, given: readonly CodeBits[]) {
  let total = 0;
  const fields = given.map(({ bits, byte, shift }) => {
    const to = total;
    total += bits;
    return {
      to,
      mask: 2 ** bits - 1,
      bytes: Uint8Array.from({ length: elements }, (_, e) => byte(e)),
      shifts: Uint8Array.from({ length: elements }, (_, e) => shift(e)),
    };
  });
  return {
    /** The codes of the block at `at`. */
    read(block: Uint8Array, at: number, codes: Uint8Array): void {
      codes.fill(0);
      for (const { to, mask, bytes, shifts } of fields) {
        for (let e = 0; e < elements; e++) {
          const bits = ((block[at + (bytes[e] ?? 0)] ?? 0) >> (shifts[e] ?? 0)) & mask;
          codes[e] = (codes[e] ?? 0) | (bits << to);
        }
      }
    },
    /** Adds codes to a block at `at` whose codes are 0. */
    write(codes: Uint8Array, block: Uint8Array, at: number): void {
      for (const { to, mask, bytes, shifts } of fields) {
        for (let e = 0; e < elements; e++) {
          const byte = at + (bytes[e] ?? 0);
          block[byte] = (block[byte] ?? 0) | ((((codes[e] ?? 0) >> to) & mask) << (shifts[e] ?? 0));
        }
      }
    },
  };
}

/** Blocks of 32 elements; i and i + 16 share a byte, i in the lower half. */
export const nibblesFrom = (first: number): CodeBits => ({
  bits: 4,
  byte: (e) => first + (e & 15),
  shift: (e) => 4 * (e >> 4),
});

/** A fifth bit for each of 32 elements, in a word. */
export const fifthBitsFrom = (first: number): CodeBits => ({
  bits: 1,
  byte: (e) => first + (e >> 3),
  shift: (e) => e & 7,
});

/** Blocks of 256 elements, 64 to 32 bytes: the lower halves, then the upper ones. */
export const nibblesOf64 = (first: number): CodeBits => ({
  bits: 4,
  byte: (e) => first + 32 * (e >> 6) + (e & 31),
  shift: (e) => 4 * ((e >> 5) & 1),
});

/** Blocks of 256 elements, 128 to 32 bytes, two bits of each. */
export const pairsOf128 = (first: number): CodeBits => ({
  bits: 2,
  byte: (e) => first + 32 * (e >> 7) + (e & 31),
  shift: (e) => 2 * ((e >> 5) & 3),
});

/** A further bit for each of 256 elements: byte l has those of l, l + 32, l + 64 and so on. */
export const bitsOf256 = (first: number): CodeBits => ({
  bits: 1,
  byte: (e) => first + (e & 31),
  shift: (e) => e >> 5,
});
