import weight from "#shaders/lib/weight/q6-k.wgsl";
import wide from "#shaders/lib/wide/q6-k.wgsl";
import { pairsOf128 } from "./code-bits.ts";
import { fitScale, furthestOf, nearestCode, nearestEven } from "./fit-steps.ts";
import { ggmlCodec, readHalf, writeHalf } from "./ggml-blocks.ts";

const [elements, group, groups] = [256, 16, 16];
const [scalesAt, scaleAt] = [192, 208];
const found = new Float64Array(groups);

const signed = (byte = 0) => (byte << 24) >> 24;

/** ggml's Q6_K: integers of 6 bits, −32 to 31, a scale of 8 bits for each 16, and one of f16 for each 256. */
export const q6_k = ggmlCodec({
  name: "q6_k",
  elements,
  group,
  numbers: Array.from({ length: 64 }, (_, code) => code - 32),
  codes: [
    {
      bits: 4,
      byte: (e) => 64 * (e >> 7) + (e & 63), // 128 elements to 64 bytes: the lower halves, then the upper ones
      shift: (e) => 4 * ((e >> 6) & 1),
    },
    pairsOf128(128),
  ],
  data: [[0, 192]],
  scales: [[scalesAt, 210]],
  padding: 2,
  halves: [scaleAt],
  steps(block, at, { scales }) {
    const scale = readHalf(block, at + scaleAt);
    for (let j = 0; j < groups; j++) scales[j] = scale * signed(block[at + scalesAt + j]);
  },
  quantise(x, first, codes, block, at) {
    for (let j = 0; j < groups; j++) found[j] = fitScale(x, first + j * group, group, 32);
    const furthest = furthestOf(found, 0, groups);
    const scale = writeHalf(block, at + scaleAt, furthest / -128);
    for (let j = 0; j < groups; j++) {
      const own = furthest === 0 ? 0 : Math.min(127, nearestEven((-128 / furthest) * (found[j] ?? 0)));
      block[at + scalesAt + j] = own;
      const step = scale * own;
      for (let e = j * group; e < (j + 1) * group; e++) {
        codes[e] = 32 + (step === 0 ? 0 : nearestCode((x[first + e] ?? 0) / step, -32, 31));
      }
    }
  },
  // A load reads two words of codes, one of scales, and one that multiplies them.
  weight: { part: weight, one: 16, four: 16 },
  wide: () => ({ part: wide, elements: 32, bytes: 72, scaling: { row: 2 } }),
});
