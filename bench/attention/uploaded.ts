import { type DType, type Gpu, type Tensor, tensor } from "../../src/index.ts";
import type { Dense } from "../../src/reference/dense.ts";

/** A description of a mask or score with tensors on the GPU in the place of the dense ones, wherever they are in it. */
export function uploaded<T>(gpu: Gpu, description: unknown, dtype: DType): T {
  const walk = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (isDense(value)) return tensor(gpu, value.shape, value.values, dtype);
    if (Array.isArray(value)) return value.map(walk);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item)]));
  };
  return walk(description) as T;
}

/** Elements of all the dense tensors of a description. */
export function elementsIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  if (isDense(value)) return value.values.length;
  return Object.values(value).reduce((sum: number, item) => sum + elementsIn(item), 0);
}

/** The tensors that options brought. */
export function tensorsIn(value: unknown): Tensor[] {
  if (typeof value !== "object" || value === null) return [];
  if ("storages" in value) return [value as Tensor];
  return Object.values(value).flatMap(tensorsIn);
}

const isDense = (value: object): value is Dense => "shape" in value && "values" in value && !Array.isArray(value);
