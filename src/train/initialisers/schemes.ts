import type { Numbers } from "./random-numbers.ts";

/** The role of a tensor. */
export type Role =
  | "embedding"
  | "positions"
  | "head"
  /** Biases of scores by buckets of distances. */
  | "buckets"
  /** The query matrix of attention. */
  | "query"
  /**
   * A matrix whose result is added to the residual stream: of attention's output, and the last of a feed-forward layer.
   */
  | "residual"
  | "matrix"
  /** Weights of a norm, which start as ones. */
  | "ones"
  /** Biases, sinks and the like, which start as zeros. */
  | "zeros";

/** The settings of a model that determine how its matrices are drawn. */
export interface ModelPlace {
  readonly layers: number;
  /** Width of the states. */
  readonly width: number;
  /** The standard deviation in the config's `initializer_range`. */
  readonly range: number | undefined;
  /** The width of heads whose scores are not divided by its root (T5). */
  readonly unscaled?: number | undefined;
  /** Whether embeddings are multiplied by √width when they are read (Vaswani et al. 2017, section 3.4). */
  readonly scaled?: boolean | undefined;
}

/** A matrix to fill, `[rows, columns]` with y = x·Wᵀ, or a table of vectors. */
interface Place extends ModelPlace {
  readonly role: Role;
  /** Outputs. */
  readonly rows: number;
  /** Inputs. */
  readonly columns: number;
}

/** The elements of a matrix, in the order of its rows. */
type Fill = (numbers: Numbers, place: Place) => (i: number) => number;

const normal =
  (deviation: (place: Place) => number): Fill =>
  (numbers, place) => {
    const scale = deviation(place);
    return (i) => scale * numbers.normal(i);
  };

/**
 * Residual matrices have a deviation smaller by √(2L), since 2L of them are summed (Radford et al. 2019, section 2.3).
 */
const byDepth = ({ role, layers }: Place) => (role === "residual" ? 1 / Math.sqrt(2 * layers) : 1);

const isTable = ({ role }: Place) => role === "embedding" || role === "positions" || role === "buckets";

/**
 * Embedding tables have 0.02 if a scheme only defines matrices; embeddings multiplied by √width have its inverse, so
 * that they are read with a deviation of 1.
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

/** Llama's and BERT's as in Hugging Face's models: `initializer_range`, 0.02, everywhere. */
const llama = normal(({ range = 0.02 }) => range);

/**
 * T5's (Raffel et al. 2019 and its code): embeddings 1, matrices 1 / √inputs, biases of scores 1 / √width. Queries have
 * a deviation smaller by √(head width) if scores are not scaled, as in T5. Its head is the embedding times 1 / √width,
 * as is this one.
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

/** Orthonormal rows, or columns if there are fewer (Saxe, McClelland and Ganguli 2013). */
const orthogonal: Fill = (numbers, { rows, columns }) => {
  const wide = rows <= columns;
  const [count, width] = wide ? [rows, columns] : [columns, rows];
  const found = orthonormalRows(count, width, numbers.normal);
  return (i) => found[wide ? i : (i % columns) * rows + Math.floor(i / columns)] ?? 0;
};

/** How fresh weights are drawn, by name. Norms start as ones and biases as zeros in all of them. */
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

/**
 * `count` orthonormal rows of `width` ≥ count, from normal numbers: the rows of a random matrix orthogonalised one
 * after the other (modified Gram–Schmidt, twice, to remove rounding errors), in float64. The result is uniformly
 * distributed over such matrices, like a QR factorisation with positive diagonal.
 */
function orthonormalRows(count: number, width: number, normal: (i: number) => number): Float64Array {
  const all = Float64Array.from({ length: count * width }, (_, i) => normal(i));
  const row = (i: number) => all.subarray(i * width, (i + 1) * width);
  const dot = (a: Float64Array, b: Float64Array) => {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
    return sum;
  };
  for (let i = 0; i < count; i++) {
    const own = row(i);
    for (const _ of [1, 2]) {
      for (let j = 0; j < i; j++) {
        const other = row(j);
        const share = dot(own, other);
        for (let k = 0; k < width; k++) own[k] = (own[k] ?? 0) - share * (other[k] ?? 0);
      }
    }
    const length = Math.sqrt(dot(own, own));
    for (let k = 0; k < width; k++) own[k] = (own[k] ?? 0) / length;
  }
  return all;
}
