// Reorders 4-bit codes from a file to a plane: of 32 elements of a row, i and i + 16 share a byte.

/** The four codes in 16 bits, spread to the lower halves of four bytes. */
function spread(half: number): number {
  const pairs = (half | (half << 8)) & 0x00ff00ff;
  return (pairs | (pairs << 4)) & 0x0f0f0f0f;
}

/** The 16 bytes of 32 codes in four words, eight in each, the first in the lowest bits. */
function writeBlock(out: Uint32Array, at: number, a: number, b: number, c: number, d: number): void {
  out[at] = spread(a & 0xffff) | (spread(c & 0xffff) << 4);
  out[at + 1] = spread(a >>> 16) | (spread(c >>> 16) << 4);
  out[at + 2] = spread(b & 0xffff) | (spread(d & 0xffff) << 4);
  out[at + 3] = spread(b >>> 16) | (spread(d >>> 16) << 4);
}

/** The plane of matrices whose rows are words of eight codes along a row. */
export function blocksOfRows(words: Uint32Array): Uint32Array<ArrayBuffer> {
  const out = new Uint32Array(words.length);
  for (let at = 0; at < out.length; at += 4) {
    writeBlock(out, at, words[at] ?? 0, words[at + 1] ?? 0, words[at + 2] ?? 0, words[at + 3] ?? 0);
  }
  return out;
}

/**
 * Rows `[begin, end)` of the plane of a matrix `[rows, columns]` whose words `[columns / 8, rows]` hold eight codes
 * along a row each.
 */
export function blocksOfColumns(
  words: Uint32Array,
  rows: number,
  begin: number,
  end: number,
): Uint32Array<ArrayBuffer> {
  const perRow = words.length / rows;
  const out = new Uint32Array((end - begin) * perRow);
  for (let word = 0; word < perRow; word += 4) {
    const [a, b, c, d] = [word * rows, (word + 1) * rows, (word + 2) * rows, (word + 3) * rows];
    for (let row = begin; row < end; row++) {
      const at = (row - begin) * perRow + word;
      writeBlock(out, at, words[a + row] ?? 0, words[b + row] ?? 0, words[c + row] ?? 0, words[d + row] ?? 0);
    }
  }
  return out;
}

/** AWQ's order of the codes of eight adjacent outputs in a word (AutoAWQ, `packing_utils.py`). */
export const awqOrder: readonly number[] = [0, 2, 4, 6, 1, 3, 5, 7];

/** Swaps the codes of two of eight words under a mask, a step of transposing them. */
function swap(words: Uint32Array, i: number, j: number, shift: number, mask: number): void {
  const [a, b] = [words[i] ?? 0, words[j] ?? 0];
  const differing = ((a >>> shift) ^ b) & mask;
  words[i] = a ^ (differing << shift);
  words[j] = b ^ differing;
}

/**
 * Rows `[begin, end)`, multiples of 8, of AWQ's words `[columns, rows / 8]`, eight outputs each, as words
 * `[columns / 8, end - begin]` of eight codes along a row.
 */
export function alongRows(words: Uint32Array, rows: number, begin: number, end: number): Uint32Array {
  const across = rows / 8;
  const out = new Uint32Array((words.length / across) * ((end - begin) / 8));
  const eight = new Uint32Array(8);
  for (let first = 0, to = 0; first < words.length; first += 8 * across, to += end - begin) {
    for (let column = begin / 8; column < end / 8; column++) {
      for (let i = 0; i < 8; i++) eight[i] = words[first + i * across + column] ?? 0;
      // An 8 by 8 matrix of codes, transposed by halves, quarters and eighths.
      for (let i = 0; i < 4; i++) swap(eight, i, i + 4, 16, 0xffff);
      for (const i of [0, 1, 4, 5]) swap(eight, i, i + 2, 8, 0x00ff00ff);
      for (let i = 0; i < 8; i += 2) swap(eight, i, i + 1, 4, 0x0f0f0f0f);
      for (let t = 0; t < 8; t++) out[to + 8 * column - begin + (awqOrder[t] ?? 0)] = eight[t] ?? 0;
    }
  }
  return out;
}

/** Unpacks words, eight codes each; `order` gives the position of each code. */
export function codesOf(words: Uint32Array, order?: readonly number[]): Uint8Array {
  const codes = new Uint8Array(words.length * 8);
  for (let at = 0; at < codes.length; at++) {
    const t = at % 8;
    codes[at - t + (order ? (order[t] ?? 0) : t)] = ((words[at >> 3] ?? 0) >>> (4 * t)) & 15;
  }
  return codes;
}
