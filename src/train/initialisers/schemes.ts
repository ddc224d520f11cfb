import { orthonormalRows } from "./orthogonal.ts";
import type { Numbers } from "./random-numbers.ts";

/** What a tensor is for. */
export type Role =
  | "embedding"
  | "positions"
  | "head"
  /** Biases of scores by buckets of distances. */
  | "buckets"
  /** The matrix of attention's queries. */
  | "query"
  /** A matrix whose result is added to the residual stream: of attention's output, and the last of a feed-forward layer. */
  | "residual"
  | "matrix"
  /** Weights of a norm, which begin as ones. */
  | "ones"
  /** Biases, sinks and the like, which begin as zeros. */
  | "zeros";

/** What of a model its matrices are drawn by. */
export interface ModelPlace {
  readonly layers: number;
  /** Of the states. */
  readonly width: number;
  /** The standard deviation that the config names as `initializer_range`. */
  readonly range: number | undefined;
  /** The width of heads whose scores are not divided by its root (T5). */
  readonly unscaled?: number | undefined;
  /** Whether embeddings are multiplied by √width where they are read (Vaswani et al. 2017, section 3.4). */
  readonly scaled?: boolean | undefined;
}

/** A matrix of a model to be filled, `[rows, columns]` with y = x·Wᵀ, or a table of vectors. */
export interface Place extends ModelPlace {
  readonly role: Role;
  /** Outputs. */
  readonly rows: number;
  /** Inputs. */
  readonly columns: number;
}

/** The elements of a matrix, in the order of its rows. */
export type Fill = (numbers: Numbers, place: Place) => (i: number) => number;

const normal =
  (deviation: (place: Place) => number): Fill =>
  (numbers, place) => {
    const scale = deviation(place);
    return (i) => scale * numbers.normal(i);
  };

/** Residual matrices are narrower by √(2L), since 2L of them are added up (Radford et al. 2019, section 2.3). */
const byDepth = ({ role, layers }: Place) => (role === "residual" ? 1 / Math.sqrt(2 * layers) : 1);

const isTable = ({ role }: Place) => role === "embedding" || role === "positions" || role === "buckets";

/**
 * Tables of vectors have 0.02, where a scheme speaks of matrices only; embeddings that are multiplied by √width have its
 * inverse, so that they are read with a deviation of 1.
 */
const tables = normal(({ role, scaled, width }) => (role === "embedding" && scaled ? width ** -0.5 : 0.02));

const matrices =
  (fill: Fill): Fill =>
  (numbers, place) =>
    (isTable(place) ? tables : fill)(numbers, place);

/** GPT-2's (Radford et al. 2019 and its code): 0.02, positions 0.01, residual matrices 0.02 / √(2L). */
const gpt2 = normal((place) => (place.role === "positions" ? 0.01 : 0.02) * byDepth(place));

/** nanoGPT's: 0.02, positions too, residual matrices 0.02 / √(2L). */
const nanogpt = normal((place) => 0.02 * byDepth(place));

/** Llama's and BERT's as Hugging Face's models have them: `initializer_range`, 0.02, everywhere. */
const llama = normal(({ range = 0.02 }) => range);

/**
 * T5's (Raffel et al. 2019 and its code): embeddings 1, matrices 1 / √inputs, biases of scores 1 / √width. Queries are
 * narrower by √(head width) where scores are not scaled, as in T5. Its head is the embedding times 1 / √width, and so is
 * this one.
 */
const t5 = normal((place) => {
  if (place.role === "buckets") return 1 / Math.sqrt(place.width);
  if (isTable(place)) return 1;
  return 1 / Math.sqrt(place.columns * (place.role === "query" ? (place.unscaled ?? 1) : 1));
});

/** Uniform within ±√(6 / (inputs + outputs)) (Glorot and Bengio 2010, equation 16). */
const xavier: Fill = (numbers, { rows, columns }) => {
  const bound = Math.sqrt(6 / (rows + columns));
  return (i) => bound * (2 * numbers.uniform(i) - 1);
};

/** Normal with variance 2 / inputs (He, Zhang, Ren and Sun 2015, equation 10). */
const kaiming = normal(({ columns }) => Math.sqrt(2 / columns));

/** Orthonormal rows, or columns where there are fewer (Saxe, McClelland and Ganguli 2013). */
const orthogonal: Fill = (numbers, { rows, columns }) => {
  const wide = rows <= columns;
  const [count, width] = wide ? [rows, columns] : [columns, rows];
  const found = orthonormalRows(count, width, numbers.normal);
  return (i) => found[wide ? i : (i % columns) * rows + Math.floor(i / columns)] ?? 0;
};

/** How fresh weights are drawn, by name. Norms begin as ones and biases as zeros in each. */
export const initialisers = {
  gpt2,
  nanogpt,
  llama,
  bert: llama,
  t5,
  xavier: matrices(xavier),
  kaiming: matrices(kaiming),
  orthogonal: matrices(orthogonal),
} as const;

/** The name of an initialiser. */
export type Initialiser = keyof typeof initialisers;
