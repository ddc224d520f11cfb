import q40Weight from "#shaders/lib/weight/q4-0.wgsl";
import q50Weight from "#shaders/lib/weight/q5-0.wgsl";
import q40Wide from "#shaders/lib/wide/q4-0.wgsl";
import q50Wide from "#shaders/lib/wide/q5-0.wgsl";
import type { Codec } from "../format.ts";
import { type CodeBits, fifthBitsFrom, nibblesFrom } from "./code-bits.ts";
import { furthestOf } from "./fit-steps.ts";
import { ggmlCodec, readHalf, writeHalf } from "./ggml-blocks.ts";

const elements = 32;

/**
 * The blocks of ggml's Q4_0 and Q5_0: integers of 4 or 5 bits around 0, a scale of f16 for each 32. The number furthest
 * from 0 gets the lowest code: the scale may be negative. Codes are made with the scale before it is rounded to f16.
 */
function signedBlocks(name: string, bits: 4 | 5, parts: Pick<Codec, "weight" | "wide">) {
  const levels = 2 ** (bits - 1);
  const nibbles = bits === 4 ? 2 : 6;
  const codes: CodeBits[] = [nibblesFrom(nibbles), ...(bits === 5 ? [fifthBitsFrom(2)] : [])];
  return ggmlCodec({
    name,
    elements,
    numbers: Array.from({ length: 2 * levels }, (_, code) => code - levels),
    codes,
    data: [[2, nibbles + 16]],
    scales: [[0, 2]],
    halves: [0],
    steps(block, at, { scales }) {
      scales[0] = readHalf(block, at);
    },
    quantise(x, first, codes, block, at) {
      const scale = Math.fround(furthestOf(x, first, elements) / -levels);
      const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
      writeHalf(block, at, scale);
      for (let e = 0; e < elements; e++) {
        const value = Math.fround((x[first + e] ?? 0) * inverse);
        codes[e] = Math.min(2 * levels - 1, Math.fround(value + levels + 0.5));
      }
    },
    ...parts,
  });
}

export const q4_0 = signedBlocks("q4_0", 4, {
  // A load reads a word of codes and a word with the scale.
  weight: { part: q40Weight, one: 8, four: 8 },
  wide: () => ({ part: q40Wide, elements: 32, bytes: 20, scaling: { row: 1 } }),
});

export const q5_0 = signedBlocks("q5_0", 5, {
  // A load reads a word of codes, one of fifth bits, and one with the scale.
  weight: { part: q50Weight, one: 12, four: 12 },
  wide: () => ({ part: q50Wide, elements: 32, bytes: 24, scaling: { row: 1 } }),
});
