import type { Gpu } from "../gpu/gpu.ts";
import type { AttentionMask, AttentionScore } from "../kernels/attention/options.ts";
import type { Dense } from "../reference/dense.ts";
import type { MaskDescription, ScoreDescription } from "../reference/described.ts";
import type { DType } from "../tensor/dtype.ts";
import { tensor } from "../tensor/tensor.ts";

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
