import type { Gpu } from "../gpu/gpu.ts";
import type { Dense } from "../reference/dense.ts";
import { type DType, decode, encode } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Gate } from "./gate.ts";

/** Values of one input, rounded to `dtype` (default f32) before anybody sees them. */
export interface CaseInput {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
  readonly dtype?: DType;
}

/** One named shape of an op, with inputs and options. */
export interface Case {
  readonly name: string;
  readonly inputs: Readonly<Record<string, CaseInput>>;
  readonly options?: Readonly<Record<string, unknown>>;
  /** Variants that must refuse this case, by name; every other one must take it. */
  readonly refusedBy?: readonly string[];
}

type Tensors = Readonly<Record<string, Tensor>>;
type Options = Readonly<Record<string, unknown>>;

/** An op described once: tests and benchmarks run this over the variant table. */
export interface CaseTable {
  readonly op: string;
  readonly reference: (inputs: Record<string, Dense>, options: Options) => Record<string, Dense>;
  readonly variants: Readonly<Record<string, (gpu: Gpu, tensors: Tensors, options: Options) => Tensors>>;
  readonly cases: readonly Case[];
  /** Device features that a variant requires; a device without them is to be refused. Default none. */
  readonly needs?: (variant: string) => readonly string[];
  /** NMSE cap; default that of f32 results. 0 asks for equality. */
  readonly cap?: number;
  /** What honest f32 arithmetic makes of the same inputs: results may be little worse. */
  readonly gate?: Gate;
  /** Element types of results that are not f32. */
  readonly dtypes?: Readonly<Record<string, DType>>;
  /** False for ops that take no `into`: their results are not framed by canaries. */
  readonly canaries?: boolean;
}

/** Features that a variant requires and this device does not have. */
export const missingFeatures = (table: CaseTable, variant: string, gpu: Gpu): string[] =>
  (table.needs?.(variant) ?? []).filter((feature) => !gpu.features.has(feature));

/** The input as it is stored, as numbers: what the reference computes on. */
export function stored(input: CaseInput): Dense {
  const dtype = input.dtype ?? "f32";
  return { shape: input.shape, values: decode(dtype, encode(dtype, input.values)) };
}
