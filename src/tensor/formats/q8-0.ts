import { ggmlFormat, readHalf, writeHalf } from "./ggml-blocks.ts";

const elements = 32;
const codes = 2;

/** The largest magnitude becomes 127 or −127. */
function quantise(x: Float32Array, first: number, block: Uint8Array, at: number): void {
  let largest = 0;
  for (let i = 0; i < elements; i++) largest = Math.max(largest, Math.abs(x[first + i] ?? 0));
  const scale = Math.fround(largest / 127);
  const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
  writeHalf(block, at, scale);
  for (let i = 0; i < elements; i++) {
    const value = Math.fround((x[first + i] ?? 0) * inverse);
    block[at + codes + i] = value < 0 ? -Math.floor(0.5 - value) : Math.floor(value + 0.5); // half away from zero
  }
}

function dequantise(block: Uint8Array, at: number, out: Float64Array, first: number): void {
  const scale = readHalf(block, at);
  for (let i = 0; i < elements; i++) out[first + i] = (((block[at + codes + i] ?? 0) << 24) >> 24) * scale;
}

/** Signed bytes, a scale of f16 for each 32. */
export const q8_0 = ggmlFormat({
  name: "q8_0",
  type: 8,
  elements,
  data: [[codes, 34]],
  scales: [[0, 2]],
  halves: [0],
  quantise,
  dequantise,
});
