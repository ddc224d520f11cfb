import type { WeightType } from "../kernels/formats.ts";
import { type Recipe, recipes, recipesOfMost } from "../models/recipes.ts";
import { floatTypes } from "../tensor/dtype.ts";
import type { ToGgufOptions } from "./to-gguf.ts";

/** Names of ways to store the matrices of a GGUF file: types of floats, and recipes. */
export const weightNames: readonly string[] = [...floatTypes, ...recipes];

/** What gives most matrices of a GGUF file this type, by names of `weightNames`; empty for a type that nothing does. */
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
