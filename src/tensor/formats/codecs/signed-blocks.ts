import { type CodeBits, fifthBitsFrom, nibblesFrom } from "./code-bits.ts";
import { furthestOf } from "./fit-steps.ts";
import { ggmlFormat, readHalf, writeHalf } from "./ggml-blocks.ts";

const elements = 32;

/**
 * The blocks of ggml's Q4_0 and Q5_0: integers of 4 or 5 bits around 0, a scale of f16 for each 32. The number furthest
 * from 0 gets the lowest code: the scale may be negative. Codes are made with the scale before it is rounded to f16.
 */
export function signedBlocks<Name extends string>(name: Name, type: number, bits: 4 | 5) {
  const levels = 2 ** (bits - 1);
  const nibbles = bits === 4 ? 2 : 6;
  const codes: CodeBits[] = [nibblesFrom(nibbles), ...(bits === 5 ? [fifthBitsFrom(2)] : [])];
  return ggmlFormat({
    name,
    type,
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
  });
}
