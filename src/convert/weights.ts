import type { WeightType } from "../kernels/formats/formats.ts";
import { type Recipe, recipes, recipesOfMost } from "../models/decoders/recipes.ts";
import { floatTypes } from "../tensor/dtype.ts";
import type { ToGgufOptions } from "./to-gguf.ts";

/** Names of storages for the matrices of a GGUF file: float types, and recipes. */
export const weightNames: readonly string[] = [...floatTypes, ...recipes];

/** The `weightNames` that store most matrices in this type; empty if none does. */
export const weightNamesOf = (type: WeightType): readonly string[] =>
  floatTypes.some((known) => known === type) ? [type] : recipesOfMost(type);

/** The options of this name. Throws `TypeError` for another. */
export function weightsNamed(name: string): ToGgufOptions {
  const dtype = floatTypes.find((known) => known === name);
  if (dtype) return { dtype };
  const weights: Recipe | undefined = recipes.find((known) => known === name);
  if (weights) return { weights };
  throw new TypeError(`${name}: expected ${weightNames.join(", ")}`);
}
