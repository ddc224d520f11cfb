// What calls that are counted are made of.
import { normal } from "../../../src/check/random.ts";
import type { DType, Gpu, Tensor } from "../../../src/index.ts";
import * as library from "../../../src/index.ts";

/**
 * Records calls; recorded twice, with more elements the second time, its figures of operations are compared by what is
 * added.
 */
export interface CountedCall {
  readonly record: () => unknown;
  readonly grown?: () => unknown;
  /** Compares the kernels whose names begin so: the others are those of other ops. */
  readonly only?: string;
  /** Compares all operations, where the kernel's figures leave some out with other parts. */
  readonly all?: true;
}

/** What calls are made of. */
export interface Inputs {
  readonly gpu: Gpu;
  readonly random: (shape: readonly number[], dtype?: DType) => Tensor;
  readonly words: (shape: readonly number[], ...values: readonly number[]) => Tensor;
}

/** Tensors on a device, random ones with values that differ. */
export function inputsOn(gpu: Gpu): Inputs {
  let seed = 0;
  const sizeOf = (shape: readonly number[]) => shape.reduce((size, axis) => size * axis, 1);
  return {
    gpu,
    random: (shape, dtype = "f32") => library.tensor(gpu, shape, normal(sizeOf(shape), ++seed), dtype),
    words: (shape, ...values) => library.tensor(gpu, shape, values, "u32"),
  };
}

/** Calls by names from functions that record them. */
export const named = (all: Readonly<Record<string, () => unknown>>): Record<string, CountedCall> =>
  Object.fromEntries(Object.entries(all).map(([name, record]) => [name, { record }]));
