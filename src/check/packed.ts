// Rows of packed formats, and packing and unpacking of integers in u32 words, as in quantised caches.
import { type Dense, dense } from "../reference/dense.ts";
import { type DType, formats } from "../tensor/formats/formats.ts";

/** The shortest row of at least `columns` elements that divides into whole blocks of a format. */
export function wholeBlocks(dtype: DType, columns: number): number {
  const { elements } = formats[dtype].planes.data;
  return elements === "row" ? columns : Math.ceil(columns / elements) * elements;
}

/**
 * The shapes, of several, on which a packed type is checked: the first type on all, others on the first and one more.
 */
export const inTurn = <Shape>(type: number, shapes: readonly Shape[]): Shape[] =>
  shapes.filter((_, i) => type === 0 || i === 0 || i === 1 + (type % (shapes.length - 1)));

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
