import source from "#shaders/peaks/multiply-add.wgsl";
import numberF16 from "#shaders/peaks/number/f16.wgsl";
import numberF32 from "#shaders/peaks/number/f32.wgsl";
import { constantsOf } from "../../gpu/specialise.ts";
import { checkValue, oneOf, required, size } from "../../options/checks.ts";
import { withOptions } from "../arguments.ts";
import { defineKernel } from "../kernel.ts";

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
export const multiplyAdd = withOptions(
  defineKernel({
    name: "peaks/multiply-add",
    source,
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
  const start = (i % constantsOf(source, "WORKGROUP").WORKGROUP) % 8;
  return chains * (start + turns * step) + (chains * (chains - 1)) / 2;
}
