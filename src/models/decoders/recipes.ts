// The table of recipes: which matrix is quantised to which type, by llama.cpp's names and rules.
import type { WeightType } from "../../kernels/formats/formats.ts";

/** Identifies a matrix of a model. */
interface MatrixPlace {
  /** The index of its layer, and the number of layers. */
  readonly layer: number;
  readonly layers: number;
}

/** A recipe: the type of most matrices, and which have another. */
interface RecipeRecord {
  readonly name: string;
  readonly most: WeightType;
  /** Of the matrix that computes logits: the head, or an embedding tied to it. */
  readonly head: WeightType;
  /** The type of the value projection, if it differs from `most`. */
  readonly value?: (place: MatrixPlace) => WeightType | undefined;
  /** Of the last matrix of a feed-forward layer, or of its experts, likewise. */
  readonly down?: (place: MatrixPlace) => WeightType | undefined;
  /** Of the projection that ends attention, in models of eight experts. */
  readonly outputOfEight?: WeightType;
}

/** Layers with more bits: the first and the last eighth, and every third in between. */
function hasMoreBits({ layer, layers }: MatrixPlace): boolean {
  const eighth = Math.floor(layers / 8);
  return layer < eighth || layer >= Math.floor((7 * layers) / 8) || (layer - eighth) % 3 === 2;
}

const moreBits = (place: MatrixPlace) => (hasMoreBits(place) ? "q6_k" : undefined);

/** All recipes: adding one is a record here. */
const records = [
  { name: "q8_0", most: "q8_0", head: "q8_0" },
  { name: "q6_k", most: "q6_k", head: "q6_k" },
  { name: "q4_k_m", most: "q4_k", head: "q6_k", value: moreBits, down: moreBits, outputOfEight: "q5_k" },
  {
    name: "q4_k_s",
    most: "q4_k",
    head: "q6_k",
    value: ({ layer }) => (layer < 4 ? "q5_k" : undefined),
    down: ({ layer, layers }) => (layer < Math.floor(layers / 8) ? "q5_k" : undefined),
    outputOfEight: "q5_k",
  },
  { name: "q4_0", most: "q4_0", head: "q6_k" },
] as const satisfies readonly RecipeRecord[];

/** Names of the recipes by which weights are quantised while they are loaded. */
export type Recipe = (typeof records)[number]["name"];

/** The names, the one with the most bits first. */
export const recipes: readonly Recipe[] = records.map(({ name }) => name);

/** The recipes whose type for most matrices is this. */
export const recipesOfMost = (type: WeightType): Recipe[] =>
  records.flatMap(({ name, most }) => (most === type ? [name] : []));

/** What a rule reads of a model. */
interface RecipeModel {
  readonly layers: number;
  readonly experts: number;
  /** The embedding also makes logits. */
  readonly tied: boolean;
}

/** Kept as stored or converted to f32: routers, gates of one number, and learned positions. */
const kept: Readonly<Record<string, "f32" | "stored">> = { router: "f32", sharedGate: "f32", positions: "stored" };

/**
 * The type that a recipe gives a matrix whose rows divide into its blocks.
 *
 * @param key the matrix's key among the sources of its layer, or of the weights outside the layers.
 */
export function recipeType(recipe: Recipe, key: string, layer: number, model: RecipeModel): WeightType | "stored" {
  const { most, head, value, down, outputOfEight }: RecipeRecord =
    records.find(({ name }) => name === recipe) ?? records[0];
  const keeps = kept[key];
  if (keeps) return keeps;
  const place = { layer, layers: model.layers };
  if (key === "head" || (key === "embedding" && model.tied)) return head;
  // In a model of eight experts these are so few that their bits hardly matter.
  if (model.experts === 8 && (key === "k" || key === "v")) return "q8_0";
  if (model.experts === 8 && key === "output") return outputOfEight ?? most;
  if (key === "v") return value?.(place) ?? most;
  if (key === "down") return down?.(place) ?? most;
  return most;
}
