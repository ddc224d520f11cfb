import q4KWeight from "#shaders/lib/weight/q4-k.wgsl";
import q5KWeight from "#shaders/lib/weight/q5-k.wgsl";
import q4KWide from "#shaders/lib/wide/q4-k.wgsl";
import q4KWideEighth from "#shaders/lib/wide/q4-k-eighth.wgsl";
import q5KWide from "#shaders/lib/wide/q5-k.wgsl";
import q5KWideEighth from "#shaders/lib/wide/q5-k-eighth.wgsl";
import type { ShaderModule } from "../../../gpu/shader/shader-module.ts";
import type { Codec } from "../format.ts";
import { bitsOf256, type CodeBits, nibblesOf64 } from "./code-bits.ts";
import { fitRange, nearestCode, type RangeSearch } from "./fit-steps.ts";
import { ggmlCodec, readHalf, writeHalf } from "./ggml-blocks.ts";

const [elements, group, groups] = [256, 32, 8];

/** The scale and the minimum of group j, of six bits each, in the twelve bytes at `at`. */
function sixBits(block: Uint8Array, at: number, j: number): readonly [scale: number, minimum: number] {
  const byte = (i: number) => block[at + i] ?? 0;
  if (j < 4) return [byte(j) & 63, byte(j + 4) & 63];
  return [(byte(j + 4) & 15) | ((byte(j - 4) >> 6) << 4), (byte(j + 4) >> 4) | ((byte(j) >> 6) << 4)];
}

/** Writes them, those of group j after those of the groups before it. */
function writeSixBits(block: Uint8Array, at: number, j: number, scale: number, minimum: number): void {
  const add = (i: number, bits: number) => {
    block[at + i] = (block[at + i] ?? 0) | bits;
  };
  if (j < 4) {
    add(j, scale);
    add(j + 4, minimum);
    return;
  }
  add(j + 4, (scale & 15) | ((minimum & 15) << 4));
  add(j - 4, (scale >> 4) << 6);
  add(j, (minimum >> 4) << 6);
}

/**
 * The blocks of ggml's Q4_K and Q5_K: 256 integers of 4 or 5 bits from 0 on; eight scales and minima of six bits, and
 * two numbers of f16 that multiply them.
 */
function sixBitSteps(name: string, bits: 4 | 5, search: RangeSearch, parts: Pick<Codec, "weight" | "wide">) {
  const highest = 2 ** bits - 1;
  const nibbles = bits === 4 ? 16 : 48;
  const codes: CodeBits[] = [nibblesOf64(nibbles), ...(bits === 5 ? [bitsOf256(16)] : [])];
  const [found, minimumOf] = [new Float64Array(groups), new Float64Array(groups)];
  return ggmlCodec({
    name,
    elements,
    group,
    numbers: Array.from({ length: highest + 1 }, (_, code) => code),
    codes,
    data: [[16, nibbles + 128]],
    scales: [[0, 16]],
    halves: [0, 2],
    steps(block, at, { scales, minima }) {
      const [scale, minimum] = [readHalf(block, at), readHalf(block, at + 2)];
      for (let j = 0; j < groups; j++) {
        const [own, ownMinimum] = sixBits(block, at + 4, j);
        scales[j] = scale * own;
        minima[j] = -(minimum * ownMinimum);
      }
    },
    quantise(x, first, codes, block, at) {
      let [largest, largestMinimum] = [0, 0];
      for (let j = 0; j < groups; j++) {
        const { scale, minimum } = fitRange(x, first + j * group, group, search);
        found[j] = scale;
        minimumOf[j] = minimum;
        largest = Math.max(largest, scale);
        largestMinimum = Math.max(largestMinimum, minimum);
      }
      const scale = writeHalf(block, at, largest / 63);
      const minimum = writeHalf(block, at + 2, largestMinimum / 63);
      const sixBitsOf = (value: number, most: number) => (most > 0 ? nearestCode((63 / most) * value, 0, 63) : 0);
      for (let j = 0; j < groups; j++) {
        const own = sixBitsOf(found[j] ?? 0, largest);
        const ownMinimum = sixBitsOf(minimumOf[j] ?? 0, largestMinimum);
        writeSixBits(block, at + 4, j, own, ownMinimum);
        const [step, down] = [scale * own, minimum * ownMinimum];
        for (let e = j * group; e < (j + 1) * group; e++) {
          codes[e] = step === 0 ? 0 : nearestCode(((x[first + e] ?? 0) + down) / step, 0, highest);
        }
      }
    },
    ...parts,
  });
}

/** Half as many weights at a time for many rows of x, each of which takes as many registers. */
const wideOf =
  (whole: ShaderModule, half: ShaderModule, bytes: number): NonNullable<Codec["wide"]> =>
  (rows) =>
    rows > 4
      ? { part: half, elements: 32, bytes, scaling: { load: 1, row: 2 } }
      : { part: whole, elements: 64, bytes, scaling: { load: 2, row: 4 } };

const q4Search = { highest: 15, from: -1, trials: 20, least: "squares" } as const;

export const q4_k = sixBitSteps("q4_k", 4, q4Search, {
  // A load reads a word of codes, and all scales of the block.
  weight: { part: q4KWeight, one: 20, four: 20 },
  wide: wideOf(q4KWide, q4KWideEighth, 48),
});

const q5Search = { highest: 31, from: -0.5, trials: 15, least: "squares" } as const;

export const q5_k = sixBitSteps("q5_k", 5, q5Search, {
  // A load reads two words of codes, and all scales of the block.
  weight: { part: q5KWeight, one: 24, four: 24 },
  wide: wideOf(q5KWide, q5KWideEighth, 80),
});
