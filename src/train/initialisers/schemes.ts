import { orthonormalRows } from "./orthogonal.ts";
import type { Numbers } from "./random-numbers.ts";

/** What a tensor is for. */
export type Role =
  | "embedding"
  | "positions"
  | "head"
  /** A matrix whose result is added to the residual stream: of attention's output, and the last of a feed-forward layer. */
  | "residual"
  | "matrix"
  /** Weights of a norm, which begin as ones. */
  | "ones"
  /** Biases, sinks and the like, which begin as zeros. */
  | "zeros";

/** A matrix of a model to be filled, `[rows, columns]` with y = x·Wᵀ, or a table of vectors. */
export interface Place {
  readonly role: Role;
  /** Outputs. */
  readonly rows: number;
  /** Inputs. */
  readonly columns: number;
  /** Layers of the model. */
  readonly layers: number;
  /** The standard deviation that the config names as `initializer_range`. */
  readonly range: number | undefined;
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

const isTable = ({ role }: Place) => role === "embedding" || role === "positions";

/** Tables of vectors have 0.02, where a scheme speaks of matrices only. */
const tables = normal(() => 0.02);

const matrices =
  (fill: Fill): Fill =>
  (numbers, place) =>
    (isTable(place) ? tables : fill)(numbers, place);

/** GPT-2's (Radford et al. 2019 and its code): 0.02, positions 0.01, residual matrices 0.02 / √(2L). */
const gpt2 = normal((place) => (place.role === "positions" ? 0.01 : 0.02) * byDepth(place));

/** nanoGPT's: 0.02, positions too, residual matrices 0.02 / √(2L). */
const nanogpt = normal((place) => 0.02 * byDepth(place));

/** Llama's as Hugging Face's models have it: `initializer_range`, 0.02, everywhere. */
const llama = normal(({ range = 0.02 }) => range);

/**
 * T5's (Raffel et al. 2019 and its code): embeddings 1, matrices 1 / √inputs. Its queries are narrower by √(head width),
 * since T5 does not scale scores; the decoders here do. Its head is the embedding times 1 / √width, and so is this one.
 */
const t5 = normal((place) => (isTable(place) ? 1 : 1 / Math.sqrt(place.columns)));

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
  t5,
  xavier: matrices(xavier),
  kaiming: matrices(kaiming),
  orthogonal: matrices(orthogonal),
} as const;

/** The name of an initialiser. */
export type Initialiser = keyof typeof initialisers;
