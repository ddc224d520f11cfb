import type { Tensor } from "../../../src/index.ts";
import type { Dense } from "../../../src/reference/dense.ts";

/** Elements of all the dense tensors of a description. */
export function elementsIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  if (isDense(value)) return value.values.length;
  return Object.values(value).reduce((sum: number, item) => sum + elementsIn(item), 0);
}

/** The tensors in the options. */
export function tensorsIn(value: unknown): Tensor[] {
  if (typeof value !== "object" || value === null) return [];
  if ("storages" in value) return [value as Tensor];
  return Object.values(value).flatMap(tensorsIn);
}

const isDense = (value: object): value is Dense => "shape" in value && "values" in value && !Array.isArray(value);
