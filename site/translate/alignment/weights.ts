import type { HeadChoice } from "../../shell/tokens/head-picker.tsx";

/** How the weights of a row are stored. */
export interface RowShape {
  readonly layers: number;
  readonly heads: number;
  /** False if a row is the mean of all heads. */
  readonly perHead: boolean;
}

/** The weights of one token in a head, or the mean over a layer, over a head in all layers, or over all. */
export function meanOf(
  row: ArrayLike<number>,
  { layers, heads, perHead }: RowShape,
  { layer, head }: HeadChoice,
): Float32Array {
  if (!perHead) return Float32Array.from(row);
  const sources = row.length / (layers * heads);
  const sum = new Float64Array(sources);
  let parts = 0;
  for (let l = layer ?? 0; l <= (layer ?? layers - 1); l++) {
    for (let h = head ?? 0; h <= (head ?? heads - 1); h++) {
      parts++;
      const begin = (l * heads + h) * sources;
      for (let s = 0; s < sources; s++) sum[s] = (sum[s] ?? 0) + (row[begin + s] ?? 0);
    }
  }
  return Float32Array.from(sum, (value) => value / parts);
}

/** A cached value per row. */
function ofRow<T>(compute: (row: Float32Array) => T): (row: Float32Array) => T {
  const known = new WeakMap<Float32Array, T>();
  return (row) => {
    const before = known.get(row);
    if (before !== undefined) return before;
    const now = compute(row);
    known.set(row, now);
    return now;
  };
}

/** The largest weight of a row. */
export const largest = ofRow((row) => row.reduce((a, b) => Math.max(a, b), 0));

/** Number of a row's strongest weights shown. */
export const strongestShown = 5;

/** The indices of a row's strongest weights. */
export const strongestOf = ofRow((row) => strongest(row, strongestShown));

/** A function that computes and caches the means of rows for a choice. */
export function rowMeans(): (rows: readonly Float32Array[], shape: RowShape, choice: HeadChoice) => Float32Array[] {
  let chosen = "";
  let mean = (row: Float32Array): Float32Array => row;
  return (rows, shape, choice) => {
    const now = JSON.stringify([shape.layers, shape.heads, shape.perHead, choice.layer, choice.head]);
    if (now !== chosen) mean = ofRow((row) => meanOf(row, shape, choice));
    chosen = now;
    return rows.map(mean);
  };
}

/** The indices of the largest weights, the largest first. */
export const strongest = (weights: ArrayLike<number>, count: number): number[] =>
  Array.from(weights, (weight, i) => [weight, i] as const)
    .sort(([p, i], [q, j]) => q - p || i - j)
    .slice(0, count)
    .map(([, i]) => i);

/** The weights of a column: how much each written token attends to one source token. */
export const columnOf = (rows: readonly ArrayLike<number>[], column: number): number[] =>
  rows.map((row) => row[column] ?? 0);
