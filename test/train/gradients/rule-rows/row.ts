// Ops with their definitions in float64, as the test of rules compares their gradients.
import { normal } from "../../../../src/check/random.ts";
import type { Gpu } from "../../../../src/gpu/gpu.ts";
import { type Dense, dense } from "../../../../src/reference/dense.ts";
import { sizeOf } from "../../../../src/tensor/shape.ts";
import { type Tensor, tensor } from "../../../../src/tensor/tensor.ts";

/** Tensors by name, as a definition takes them. */
export type Inputs = Readonly<Record<string, Dense>>;

/** An op with one of its definitions: what is differentiated, and the call that is recorded. */
export interface Row {
  readonly name: string;
  readonly of: object;
  readonly inputs: Inputs;
  readonly forward: (inputs: never) => { readonly y: Dense };
  readonly record: (tensors: never) => Tensor;
}

/** Random numbers that f32 has. */
export const random = (shape: readonly number[], seed: number, by = 1): Dense =>
  dense(shape, normal(sizeOf(shape), seed, by).map(Math.fround));

/** Integers, for a definition and for a device. */
export const words = (gpu: Gpu, values: readonly number[], ...shape: number[]) => ({
  exact: dense(shape, values),
  u32: () => tensor(gpu, shape, values, "u32"),
});

/** A row whose inputs have the names and types that its functions take. */
export const row = <I extends Inputs>(
  name: string,
  of: object,
  inputs: I,
  forward: (inputs: I) => { readonly y: Dense },
  record: (tensors: { readonly [N in keyof I]: Tensor }) => Tensor,
): Row => ({ name, of, inputs, forward, record });
