// The sizes of a small model, and what calls of ops with these are made of.
import { randomSource } from "../../src/check/random.ts";
import { type DType, type Gpu, type Tensor, tensor } from "../../src/index.ts";

/** A call of an op. */
export interface ModelCall {
  /** Its sizes, as the page shows them. */
  readonly sizes: string;
  readonly record: () => unknown;
}

/** Sizes of a small model. */
export const model = {
  width: 512,
  heads: 8,
  /** Heads of keys and values. */
  groups: 4,
  head: 64,
  tokens: 64,
  /** Keys of a cache that holds the tokens, and others before them. */
  keys: 128,
  /** Keys that one token sees. */
  cached: 256,
  hidden: 1024,
  vocabulary: 8192,
  experts: 8,
  chosen: 2,
} as const;

/** Makes the tensors of calls, which live until all of them are disposed. */
export interface Tensors {
  readonly gpu: Gpu;
  /** Numbers between -1 and 1, the same whenever all tensors were disposed. */
  readonly random: (shape: readonly number[], dtype?: DType) => Tensor;
  readonly words: (shape: readonly number[], at: (i: number) => number) => Tensor;
  readonly dispose: () => void;
}

const sizeOf = (shape: readonly number[]) => shape.reduce((size, axis) => size * axis, 1);

export function tensorsOn(gpu: Gpu): Tensors {
  let source = randomSource(1);
  const made: Tensor[] = [];
  const make = (shape: readonly number[], dtype: DType, at: (i: number) => number) => {
    const values = Float64Array.from({ length: sizeOf(shape) }, (_, i) => at(i));
    const own = tensor(gpu, shape, values, dtype);
    made.push(own);
    return own;
  };
  return {
    gpu,
    random: (shape, dtype = "f32") => make(shape, dtype, () => 2 * source.uniform() - 1),
    words: (shape, at) => make(shape, "u32", at),
    dispose: () => {
      for (const own of made.splice(0)) own.dispose();
      source = randomSource(1);
    },
  };
}
