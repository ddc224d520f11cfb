import source from "#shaders/peaks/read.wgsl";
import { constantsOf } from "../../gpu/specialise.ts";
import { checkValue, oneOf, required, size } from "../../options/checks.ts";
import { withOptions } from "../arguments.ts";
import { defineKernel } from "../kernel.ts";

const { ROWS, ROW } = constantsOf(source, "ROWS", "ROW");

/** How threads share rows. */
export interface ReadVectorsOptions {
  /** Threads that walk along the same rows together, a power of two: neighbouring loads, which a GPU wants; or 1. */
  readonly lanes: 1 | 2 | 4 | 8 | 16 | 32 | 64;
}

/**
 * The rate at which a device reads memory once: x `[n, 4]` (u32), 16 bytes at a time, and one word `[threads]` from each
 * thread. What it takes for a model's weights is the floor of a decode step.
 */
export const readVectors = withOptions(
  defineKernel({
    name: "peaks/read",
    source,
    inputs: { x: "[n, 4]" },
    outputs: { y: "[threads]" },
    accepts: { x: ["u32"] },
    dtypes: () => ({ y: "u32" as const }),
    axes: ({ n }, { lanes }: ReadVectorsOptions) => ({ threads: Math.ceil(n / (ROWS * ROW)) * lanes }),
    params: ({ n, threads }) => ({ n, threads }),
    specialise: (_axes, { lanes }) => ({ constants: { LANES: lanes, WORKGROUP: Math.max(8, lanes) } }),
    threads: ({ threads }) => threads,
    cost: ({ n, threads }) => ({
      flops: 0,
      requestedBytes: 16 * Math.ceil(n / (ROWS * ROW)) * ROWS * ROW + 4 * threads,
    }),
  }),
  { lanes: required(oneOf(1, 2, 4, 8, 16, 32, 64)) },
);

/** The word that `readVectors` writes at index `i` for these words, with so many lanes. */
export function readVectorsResult(words: Uint32Array, i: number, lanes: number): number {
  for (const [name, value] of Object.entries({ i, lanes })) checkValue("readVectorsResult", name, size, value);
  const n = words.length / 4;
  const first = Math.floor(i / lanes) * ROWS * ROW;
  let result = 0;
  for (let j = i % lanes; j < ROW; j += lanes) {
    for (let r = 0; r < ROWS; r++) {
      const vector = 4 * Math.min(first + r * ROW + j, n - 1);
      for (let c = 0; c < 4; c++) result ^= words[vector + c] ?? 0;
    }
  }
  return result >>> 0;
}
