import type { Weights } from "../../formats/weights.ts";
import type { LoadOptions } from "../../models/weights/loader.ts";
import { floatTypes } from "../../tensor/dtype.ts";

/**
 * The storage of most of a model's weights on the device, human-readable: `f16`, `Q4_K_M`, `AWQ int4, groups of 128`.
 *
 * @param stored the storage that the model's files state.
 */
export function quantisationName(
  weights: Weights,
  stored: string | undefined,
  { dtype, weights: recipe }: Pick<LoadOptions, "dtype" | "weights">,
): string {
  if (dtype) return dtype;
  const bytes = new Map<string, number>();
  for (const tensor of weights.tensors.values()) {
    bytes.set(tensor.dtype, (bytes.get(tensor.dtype) ?? 0) + tensor.end - tensor.begin);
  }
  const [[most] = ["F32"]] = [...bytes].sort(([, a], [, b]) => b - a);
  // Packed weights keep their type.
  if (recipe && floatTypes.some((type) => type.toUpperCase() === most)) return recipe.toUpperCase();
  return stored ?? (most === "U8" ? "MXFP4" : most.toLowerCase());
}
