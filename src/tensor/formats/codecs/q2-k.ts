import weight from "#shaders/lib/weight/q2-k.wgsl";
import wide from "#shaders/lib/wide/q2-k.wgsl";
import { pairsOf128 } from "./code-bits.ts";
import { fitRange, nearestCode, nearestEven } from "./fit-steps.ts";
import { ggmlCodec, readHalf, writeHalf } from "./ggml-blocks.ts";

const [elements, group, groups] = [256, 16, 16];
const [scaleAt, minimumAt] = [80, 82];
const [found, minimumOf] = [new Float64Array(groups), new Float64Array(groups)];

/**
 * ggml's Q2_K: integers of 2 bits, a scale and a minimum of 4 bits for each 16, and two numbers of f16 for each 256.
 */
export const q2_k = ggmlCodec({
  name: "q2_k",
  elements,
  group,
  numbers: [0, 1, 2, 3],
  codes: [pairsOf128(16)],
  data: [[16, 80]],
  scales: [
    [0, 16],
    [80, 84],
  ],
  halves: [scaleAt, minimumAt],
  steps(block, at, { scales, minima }) {
    const [scale, minimum] = [readHalf(block, at + scaleAt), readHalf(block, at + minimumAt)];
    for (let j = 0; j < groups; j++) {
      const both = block[at + j] ?? 0;
      scales[j] = scale * (both & 15);
      minima[j] = -(minimum * (both >> 4));
    }
  },
  quantise(x, first, codes, block, at) {
    let [largest, largestMinimum] = [0, 0];
    for (let j = 0; j < groups; j++) {
      const search = { highest: 3, from: -0.5, trials: 15, least: "errors" } as const;
      const { scale, minimum } = fitRange(x, first + j * group, group, search);
      found[j] = scale;
      minimumOf[j] = minimum;
      largest = Math.max(largest, scale);
      largestMinimum = Math.max(largestMinimum, minimum);
    }
    const scale = writeHalf(block, at + scaleAt, largest / 15);
    const minimum = writeHalf(block, at + minimumAt, largestMinimum / 15);
    const fourBits = (value: number, most: number) => (most > 0 ? nearestEven((15 / most) * value) : 0);
    for (let j = 0; j < groups; j++) {
      const [own, ownMinimum] = [fourBits(found[j] ?? 0, largest), fourBits(minimumOf[j] ?? 0, largestMinimum)];
      block[at + j] = own | (ownMinimum << 4);
      const [step, down] = [scale * own, minimum * ownMinimum];
      for (let e = j * group; e < (j + 1) * group; e++) {
        codes[e] = step === 0 ? 0 : nearestCode(((x[first + e] ?? 0) + down) / step, 0, 3);
      }
    }
  },
  // A load reads a word of codes, one of scales, and one that multiplies them.
  weight: { part: weight, one: 12, four: 12 },
  wide: () => ({ part: wide, elements: 32, bytes: 40, scaling: { row: 4 } }),
});
