import weight from "#shaders/lib/weight/q3-k.wgsl";
import wide from "#shaders/lib/wide/q3-k.wgsl";
import { bitsOf256, pairsOf128 } from "./code-bits.ts";
import { furthestOf, nearestCode, refineScale } from "./fit-steps.ts";
import { ggmlCodec, readHalf, writeHalf } from "./ggml-blocks.ts";

const [elements, group, groups] = [256, 16, 16];
const [scalesAt, scaleAt] = [96, 108];
const found = new Float64Array(groups);

/** Where the lower four bits and the upper two of the scale of group j are: a byte, and a shift in it. */
const lower = (j: number) => [j % 8, 4 * Math.floor(j / 8)] as const;
const upper = (j: number) => [8 + (j % 4), 2 * Math.floor(j / 4)] as const;

/** ggml's Q3_K: integers of 3 bits, −4 to 3, a scale of six bits for each 16, and one of f16 for each 256. */
export const q3_k = ggmlCodec({
  name: "q3_k",
  elements,
  group,
  numbers: Array.from({ length: 8 }, (_, code) => code - 4),
  codes: [pairsOf128(32), bitsOf256(0)],
  data: [[0, 96]],
  scales: [[scalesAt, 110]],
  padding: 2,
  halves: [scaleAt],
  steps(block, at, { scales }) {
    const scale = readHalf(block, at + scaleAt);
    const bitsOf = ([byte, shift]: readonly [number, number], mask: number) =>
      ((block[at + scalesAt + byte] ?? 0) >> shift) & mask;
    for (let j = 0; j < groups; j++) scales[j] = scale * ((bitsOf(lower(j), 15) | (bitsOf(upper(j), 3) << 4)) - 32);
  },
  quantise(x, first, codes, block, at) {
    for (let j = 0; j < groups; j++) found[j] = refineScale(x, first + j * group, group, 4);
    const furthest = furthestOf(found, 0, groups);
    const scale = writeHalf(block, at + scaleAt, furthest / -32);
    const add = ([byte, shift]: readonly [number, number], bits: number) => {
      block[at + scalesAt + byte] = (block[at + scalesAt + byte] ?? 0) | (bits << shift);
    };
    for (let j = 0; j < groups; j++) {
      const own = furthest === 0 ? 0 : nearestCode((-32 / furthest) * (found[j] ?? 0), -32, 31);
      add(lower(j), (own + 32) & 15);
      add(upper(j), (own + 32) >> 4);
      const step = scale * own;
      for (let e = j * group; e < (j + 1) * group; e++) {
        codes[e] = 4 + (step === 0 ? 0 : nearestCode((x[first + e] ?? 0) / step, -4, 3));
      }
    }
  },
  // A load reads two words of codes, and all scales of the block.
  weight: { part: weight, one: 24, four: 24 },
  wide: () => ({ part: wide, elements: 32, bytes: 80, scaling: { row: 2 } }),
});
