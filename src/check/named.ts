import type { Gpu } from "../gpu/gpu.ts";
import type { AttentionMask, AttentionScore } from "../kernels/attention/options.ts";
import type { Dense } from "../reference/dense.ts";
import type { MaskDescription, ScoreDescription } from "../reference/described.ts";
import type { DType } from "../tensor/dtype.ts";
import { tensor } from "../tensor/tensor.ts";

/** One value for each tensor of an op, by name; a name that ends in `?` is optional. */
export type Named<Names extends string, T> = {
  readonly [N in Names as N extends `${string}?` ? never : N]: T;
} & { readonly [N in Names as N extends `${infer Name}?` ? Name : never]?: T };

/** The names of tensors, without the `?` of optional ones. */
export type Bare<Names extends string> = Names extends `${infer Name}?` ? Name : Names;

/** Applies `change` to each value, under the same names. */
export function mapNamed<Names extends string, T, U>(named: Named<Names, T>, change: (one: T) => U): Named<Names, U> {
  const entries = Object.entries<T>(named).map(([name, one]) => [name, change(one)]);
  return Object.fromEntries(entries) as Named<Names, U>;
}

/** A dense tensor and the type in which it is stored on the GPU; default f32. */
export interface StoredDense extends Dense {
  readonly dtype?: DType;
}

/** Uploads the tensors of a mask's or a score's description: the record that attention takes. */
export function uploaded(gpu: Gpu, mask: MaskDescription): AttentionMask;
export function uploaded(gpu: Gpu, score: ScoreDescription): AttentionScore;
export function uploaded(gpu: Gpu, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (isDense(value)) return tensor(gpu, value.shape, value.values, value.dtype);
  if (Array.isArray(value)) return value.map((item) => uploaded(gpu, item));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, uploaded(gpu, item)]));
}

const isDense = (value: object): value is StoredDense => "shape" in value && "values" in value;
