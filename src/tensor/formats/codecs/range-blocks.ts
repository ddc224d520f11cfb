import q41Weight from "#shaders/lib/weight/q4-1.wgsl";
import q51Weight from "#shaders/lib/weight/q5-1.wgsl";
import q41Wide from "#shaders/lib/wide/q4-1.wgsl";
import q51Wide from "#shaders/lib/wide/q5-1.wgsl";
import type { Codec } from "../format.ts";
import { type CodeBits, fifthBitsFrom, nibblesFrom } from "./code-bits.ts";
import { ggmlCodec, readHalf, writeHalf } from "./ggml-blocks.ts";

const elements = 32;

/**
 * The blocks of ggml's Q4_1 and Q5_1: integers of 4 or 5 bits from 0 on, a scale and a minimum of f16 for each 32.
 * Codes are made with the scale before it is rounded to f16.
 */
function rangeBlocks(name: string, bits: 4 | 5, parts: Pick<Codec, "weight" | "wide">) {
  const highest = 2 ** bits - 1;
  const nibbles = bits === 4 ? 4 : 8;
  const codes: CodeBits[] = [nibblesFrom(nibbles), ...(bits === 5 ? [fifthBitsFrom(4)] : [])];
  return ggmlCodec({
    name,
    elements,
    numbers: Array.from({ length: highest + 1 }, (_, code) => code),
    codes,
    data: [[4, nibbles + 16]],
    scales: [[0, 4]],
    halves: [0, 2],
    steps(block, at, { scales, minima }) {
      scales[0] = readHalf(block, at);
      minima[0] = readHalf(block, at + 2);
    },
    quantise(x, first, codes, block, at) {
      let [lowest, largest] = [x[first] ?? 0, x[first] ?? 0];
      for (let i = first; i < first + elements; i++) {
        lowest = Math.min(lowest, x[i] ?? 0);
        largest = Math.max(largest, x[i] ?? 0);
      }
      const scale = Math.fround(Math.fround(largest - lowest) / highest);
      const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
      writeHalf(block, at, scale);
      writeHalf(block, at + 2, lowest);
      for (let e = 0; e < elements; e++) {
        const value = Math.fround(Math.fround((x[first + e] ?? 0) - lowest) * inverse);
        codes[e] = Math.min(highest, Math.fround(value + 0.5));
      }
    },
    ...parts,
  });
}

export const q4_1 = rangeBlocks("q4_1", 4, {
  // A load reads a word of codes, and a scale with a minimum.
  weight: { part: q41Weight, one: 8, four: 8 },
  wide: () => ({ part: q41Wide, elements: 32, bytes: 20, scaling: { load: 1, row: 2 } }),
});

export const q5_1 = rangeBlocks("q5_1", 5, {
  // A load reads a word of codes, one of fifth bits, and a scale with a minimum.
  weight: { part: q51Weight, one: 12, four: 12 },
  wide: () => ({ part: q51Wide, elements: 32, bytes: 24, scaling: { load: 1, row: 2 } }),
});
