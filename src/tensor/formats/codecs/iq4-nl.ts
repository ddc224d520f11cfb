import weight from "#shaders/lib/weight/iq4-nl.wgsl";
import wide from "#shaders/lib/wide/iq4-nl.wgsl";
import { nibblesFrom } from "./code-bits.ts";
import { furthestOf } from "./fit-steps.ts";
import { ggmlCodec, readHalf, writeHalf } from "./ggml-blocks.ts";

const elements = 32;
const numbers = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113] as const;
const middles = numbers.slice(1).map((number, i) => (number + (numbers[i] ?? 0)) / 2);

/** The code of the number nearest to `x`. */
function codeOf(x: number): number {
  let code = 0;
  for (let step = 8; step > 0; step >>= 1) if (x >= (middles[code + step - 1] ?? 0)) code += step;
  return code;
}

/**
 * Of several scales around the one that makes the furthest number −127, that of the least error, weighted by squares.
 */
function searchScale(x: Float32Array, first: number): number {
  const furthest = furthestOf(x, first, elements);
  if (Math.abs(furthest) < 1e-15) return 0;
  let [scale, best] = [0, 0];
  for (let trial = -8; trial <= 7; trial++) {
    const inverse = (trial === -8 ? 127 : trial - 127) / furthest; // the first makes it 113, or −127 for a negative one
    let [products, squares] = [0, 0];
    for (let i = first; i < first + elements; i++) {
      const value = x[i] ?? 0;
      const number = numbers[codeOf(inverse * value)] ?? 0;
      products += value * value * value * number;
      squares += value * value * number * number;
    }
    if (squares > 0 && products * products > best * squares) {
      scale = products / squares;
      best = scale * products;
    }
  }
  return scale;
}

/**
 * ggml's IQ4_NL: 4 bits for one of sixteen numbers that lie closer to one another near 0, a scale of f16 for each 32.
 */
export const iq4_nl = ggmlCodec({
  name: "iq4_nl",
  elements,
  numbers,
  codes: [nibblesFrom(2)],
  data: [[2, 18]],
  scales: [[0, 2]],
  halves: [0],
  steps(block, at, { scales }) {
    scales[0] = readHalf(block, at);
  },
  quantise(x, first, codes, block, at) {
    const scale = searchScale(x, first);
    writeHalf(block, at, scale);
    for (let e = 0; e < elements; e++) codes[e] = codeOf(scale === 0 ? 0 : (x[first + e] ?? 0) / scale);
  },
  // A load reads a word of codes and a word with the scale.
  weight: { part: weight, one: 8, four: 8 },
  wide: () => ({ part: wide, elements: 32, bytes: 20, scaling: { row: 1 } }),
});
