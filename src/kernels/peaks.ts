import copySource from "#shaders/peaks/copy.wgsl";
import incrementSource from "#shaders/peaks/increment.wgsl";
import multiplyAddSource from "#shaders/peaks/multiply-add.wgsl";
import numberF16 from "#shaders/peaks/number/f16.wgsl";
import numberF32 from "#shaders/peaks/number/f32.wgsl";
import readSource from "#shaders/peaks/read.wgsl";
import workgroupMemorySource from "#shaders/peaks/workgroup-memory.wgsl";
import { constantsOf } from "../gpu/shader/specialise.ts";
import { checkValue, oneOf, required, size } from "../options/checks.ts";
import { withOptions } from "./define/arguments.ts";
import { defineKernel } from "./define/kernel.ts";

/** The bandwidth of a device's memory: x `[n, 4]` copied to y, 16 bytes at a time (McCalpin 1995, STREAM's copy). */
export const copyVectors = /* @__PURE__ */ withOptions(
  /* @__PURE__ */ defineKernel({
    name: "peaks/copy",
    source: copySource,
    inputs: { x: "[n, 4]" },
    outputs: { y: "[n, 4]" },
    accepts: { x: ["u32"] },
    dtypes: () => ({ y: "u32" as const }),
    params: ({ n }) => ({ n }),
    workgroups: ({ n }, _options, _context, shader) => {
      const { WORKGROUP, RUN } = constantsOf(shader, "WORKGROUP", "RUN");
      return [Math.ceil(n / (WORKGROUP * RUN))];
    },
    cost: ({ n }) => ({ flops: 0, requestedBytes: 32 * n }),
  }),
  {},
);

/**
 * Adds 1 to each element of count `[n]`, one thread each: a sequence of such dispatches measures the cost of a
 * dispatch.
 */
export const increment = /* @__PURE__ */ withOptions(
  /* @__PURE__ */ defineKernel({
    name: "peaks/increment",
    source: incrementSource,
    inputs: {},
    inout: { count: "[n]" },
    accepts: { count: ["u32"] },
    params: () => ({}),
    workgroups: ({ n }) => [n],
    cost: ({ n }) => ({ flops: 0, requestedBytes: 8 * n }),
  }),
  {},
);

const { ROWS, ROW } = constantsOf(readSource, "ROWS", "ROW");

/** How threads share rows. */
export interface ReadVectorsOptions {
  /** Threads that walk along the same rows together, a power of two: neighbouring loads, as GPUs prefer; or 1. */
  readonly lanes: 1 | 2 | 4 | 8 | 16 | 32 | 64;
}

/**
 * The rate at which a device reads memory once: x `[n, 4]` (u32), 16 bytes at a time, and one word `[threads]` from
 * each thread. The time for a model's weights is a lower bound for a decode step.
 */
export const readVectors = /* @__PURE__ */ withOptions(
  /* @__PURE__ */ defineKernel({
    name: "peaks/read",
    source: readSource,
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

/** The types that a shader can compute in. */
const numbers = { f16: numberF16, f32: numberF32 } as const;

/** The work of a thread; a multiple of 8. */
export interface MultiplyAddOptions {
  /** Type of the numbers; f16 requires `shader-f16`. */
  readonly dtype: keyof typeof numbers;
  /** Threads, each of which writes one number. */
  readonly n: number;
  /** Multiply-adds of each of a thread's 16 chains; up to 1,024, beyond which counts are not exact in f16. */
  readonly turns: number;
}

/** Independent chains of a thread: four vectors of four. */
const chains = 16;

/** What each turn adds; a power of two so small that 1,024 turns sum exactly in f16. */
const step = 1 / 16;

/**
 * The arithmetic peak of a device: `[n]` sums of 16 independent chains of multiply-adds, 32 · turns operations per
 * thread (Volkov 2010, "Better performance at lower occupancy": independent instructions hide latency).
 */
export const multiplyAdd = /* @__PURE__ */ withOptions(
  /* @__PURE__ */ defineKernel({
    name: "peaks/multiply-add",
    source: multiplyAddSource,
    inputs: {},
    outputs: { y: "[n]" },
    axes: (_, { n }: MultiplyAddOptions) => ({ n }),
    params: ({ n }, { turns }) => ({ n, turns, factor: 1, step }),
    specialise: (_, { dtype }) => ({ parts: [numbers[dtype]] }),
    threads: ({ n }) => n,
    cost: ({ n }, { turns }) => ({ flops: 2 * chains * turns * n, requestedBytes: 4 * n }),
  }),
  { dtype: required(oneOf(...Object.keys(numbers))), n: required(size), turns: required(size) },
);

/** The value that `multiplyAdd` writes at index `i`, in closed form. */
export function multiplyAddResult(i: number, turns: number): number {
  for (const [name, value] of Object.entries({ i, turns })) checkValue("multiplyAddResult", name, size, value);
  const start = (i % constantsOf(multiplyAddSource, "WORKGROUP").WORKGROUP) % 8;
  return chains * (start + turns * step) + (chains * (chains - 1)) / 2;
}

/** The amount read; turns are a multiple of 8. */
export interface WorkgroupMemoryOptions {
  /** Threads, each of which writes one vector. */
  readonly n: number;
  /** Vectors of 16 bytes that a thread reads. */
  readonly turns: number;
}

/**
 * The bandwidth of workgroup memory: `[n, 4]` sums of `turns` vectors that each thread reads from its workgroup's tile.
 */
export const readWorkgroupMemory = /* @__PURE__ */ withOptions(
  /* @__PURE__ */ defineKernel({
    name: "peaks/workgroup-memory",
    source: workgroupMemorySource,
    inputs: {},
    outputs: { y: "[n, 4]" },
    axes: (_, { n }: WorkgroupMemoryOptions) => ({ n }),
    dtypes: () => ({ y: "u32" as const }),
    params: ({ n }, { turns }) => ({ n, turns }),
    threads: ({ n }) => n,
    cost: ({ n }) => ({ flops: 0, requestedBytes: 16 * n }),
  }),
  { n: required(size), turns: required(size) },
);

/** The four numbers that `readWorkgroupMemory` writes at index `i`, modulo 2³². */
export function workgroupMemoryResult(i: number, turns: number): readonly number[] {
  for (const [name, value] of Object.entries({ i, turns })) checkValue("workgroupMemoryResult", name, size, value);
  const { WORKGROUP } = constantsOf(workgroupMemorySource, "WORKGROUP"); // as many vectors are in the tile
  let sum = 0;
  for (let turn = 0; turn < turns; turn++) sum += 4 * ((i + turn) % WORKGROUP);
  return [0, 1, 2, 3].map((component) => (sum + component * turns) % 2 ** 32);
}
