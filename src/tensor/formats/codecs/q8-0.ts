import weight from "#shaders/lib/weight/q8-0.wgsl";
import wide from "#shaders/lib/wide/q8-0.wgsl";
import { furthestOf } from "./fit-steps.ts";
import { ggmlCodec, readHalf, writeHalf } from "./ggml-blocks.ts";

const elements = 32;

/** ggml's Q8_0: signed bytes, a scale of f16 for each 32. */
export const q8_0 = ggmlCodec({
  name: "q8_0",
  elements,
  numbers: Array.from({ length: 256 }, (_, code) => (code < 128 ? code : code - 256)),
  codes: [{ bits: 8, byte: (e) => 2 + e, shift: () => 0 }],
  data: [[2, 34]],
  scales: [[0, 2]],
  halves: [0],
  steps(block, at, { scales }) {
    scales[0] = readHalf(block, at);
  },
  // The largest magnitude becomes 127; codes are made with the scale before it is rounded to f16.
  quantise(x, first, codes, block, at) {
    const scale = Math.fround(Math.abs(furthestOf(x, first, elements)) / 127);
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    writeHalf(block, at, scale);
    for (let e = 0; e < elements; e++) {
      const value = Math.fround((x[first + e] ?? 0) * inverse);
      codes[e] = value < 0 ? -Math.floor(0.5 - value) : Math.floor(value + 0.5); // half away from zero
    }
  },
  // A load reads a word of codes and a word with the scale. With eight columns a decode step of SmolLM2-135M takes 0.87
  // of the time on llvmpipe; in f16 and q4_0 it takes 1.02 and 1.04.
  weight: { part: weight, one: 8, four: 8 },
  wide: () => ({ part: wide, elements: 32, bytes: 36, scaling: { row: 1 }, columns: 8 }),
});
