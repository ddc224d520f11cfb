// Packing and unpacking of integers in u32 words, as in quantised caches.
import { type Dense, dense } from "../reference/dense.ts";

/** Words `[...rows, d / (32 / bits)]` of codes `[...rows, d]`, the first in the lowest bits. */
export function packWords({ shape, values }: Dense, bits: 8 | 4): { shape: number[]; values: Float64Array } {
  const perWord = 32 / bits;
  const words = new Float64Array(values.length / perWord);
  for (let i = 0; i < values.length; i++) {
    const word = Math.floor(i / perWord);
    const code = (values[i] ?? 0) & (2 ** bits - 1);
    words[word] = ((words[word] ?? 0) | (code << ((i % perWord) * bits))) >>> 0;
  }
  return { shape: [...shape.slice(0, -1), (shape.at(-1) ?? 0) / perWord], values: words };
}

/** Codes `[...rows, d]` of words. */
export function unpackWords({ shape, values }: Dense, bits: 8 | 4): Dense {
  const perWord = 32 / bits;
  const codes = dense([...shape.slice(0, -1), (shape.at(-1) ?? 0) * perWord]);
  for (let i = 0; i < codes.values.length; i++) {
    const word = values[Math.floor(i / perWord)] ?? 0;
    codes.values[i] = (word << (32 - bits * ((i % perWord) + 1))) >> (32 - bits);
  }
  return codes;
}
