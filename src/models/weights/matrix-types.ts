import type { WeightType } from "../../kernels/formats/formats.ts";
import { type DType, formats, isPlain } from "../../tensor/formats/formats.ts";
import type { DecoderConfig } from "../decoders/config.ts";
import { type Recipe, recipeType } from "../decoders/recipes.ts";

/** The type of a matrix on the device, from its stored type and the length of its rows. */
export type TypeChoice = (stored: DType, columns: number) => DType;

/** The types of a model's matrices. */
export interface MatrixTypes {
  /** By a matrix's key among the sources of a layer, or of the weights outside the layers. */
  readonly of: (key: string, layer?: number) => TypeChoice;
  /** A line for each type that replaced another, and how often. */
  readonly notes: () => string[];
}

/** The replacement of a type where rows are no multiple of its blocks. */
const shorter: Partial<Record<DType, DType>> = {
  q2_k: "iq4_nl",
  q3_k: "iq4_nl",
  q4_k: "q5_0",
  q5_k: "q5_1",
  q6_k: "q8_0",
};

const divides = (columns: number, dtype: DType) => columns % Number(formats[dtype].planes.data.elements) === 0;

/** A type whose blocks divide rows of this length: llama.cpp's choices, else f16. */
function fitting(dtype: DType, columns: number): DType {
  if (divides(columns, dtype)) return dtype;
  const next = shorter[dtype];
  return next ? fitting(next, columns) : "f16";
}

/** The types of a model's matrices under these options: one for all, those of a recipe, or as stored. */
export function matrixTypes(
  { dtype, weights }: { readonly dtype?: WeightType | undefined; readonly weights?: Recipe | undefined },
  { layers, mixture, tied, latent }: Pick<DecoderConfig, "layers" | "mixture" | "tied" | "latent">,
): MatrixTypes {
  const replaced = new Map<string, number>();
  const model = { layers, experts: mixture?.experts ?? 0, tied };
  const byRecipe = (recipe: Recipe, key: string, layer: number): TypeChoice => {
    const wanted = recipeType(recipe, key, layer, model);
    return (stored, columns) => {
      if (!isPlain(stored) || wanted === "stored") return stored; // packed ones are quantised already
      const type = fitting(wanted, columns);
      const note = `rows of ${columns} are no multiple of the blocks of ${wanted}: ${type} in its place`;
      if (type !== wanted) replaced.set(note, (replaced.get(note) ?? 0) + 1);
      return type;
    };
  };
  return {
    of(key, layer = 0) {
      if (latent && key === "v") return () => "f32"; // the kernel that splits it by head supports no other type
      return weights ? byRecipe(weights, key, layer) : (stored) => dtype ?? stored;
    },
    notes: () =>
      [...replaced].map(([note, count]) => `${weights}: ${note}, for ${count} ${count === 1 ? "matrix" : "matrices"}`),
  };
}
