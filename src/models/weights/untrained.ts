import { Tensor } from "../../tensor/tensor.ts";
import { slice } from "../../tensor/views.ts";

/** Number of matrices whose rows are compared, and rows of each. */
const [maxMatrices, maxRows] = [16, 64];
/** Minimum rows, columns and matrices for a verdict. */
const [minSide, minMatrices] = [16, 4];
/** Limit in standard deviations from what random numbers give. */
const farOff = 5;
/** The share of matrices above which a model counts as trained. */
const trainedShare = 0.25;

/** All matrices that a record of weights holds. */
export function matricesIn(weights: unknown): Tensor[] {
  if (weights instanceof Tensor) return weights.shape.length === 2 ? [weights] : [];
  if (typeof weights !== "object" || weights === null) return [];
  return Object.values(weights).flatMap(matricesIn);
}

/**
 * By how many standard deviations the rows are more or less similar than rows of independent random numbers, whose mean
 * squared cosine is `1 / n` for `n` values.
 */
export function correlation(rows: readonly Float64Array[]): number {
  const length = (row: Float64Array) => Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
  const units = rows.filter((row) => length(row) > 0).map((row) => row.map((value) => value / length(row)));
  let [excess, pairs] = [0, 0];
  for (const [i, a] of units.entries()) {
    for (const b of units.slice(0, i)) {
      const cosine = a.reduce((sum, value, k) => sum + value * (b[k] ?? 0), 0);
      excess += a.length * cosine * cosine - 1;
      pairs++;
    }
  }
  return pairs > 0 ? excess / Math.sqrt(2 * pairs) : 0;
}

/**
 * True if matrices cannot be distinguished from random numbers, as before any training: training makes the rows of most
 * matrices far more similar (Martin and Mahoney 2018). Compares 64 rows of 16 matrices; false if there are too few or
 * they are too small.
 */
export async function areUntrained(matrices: readonly Tensor[]): Promise<boolean> {
  const large = matrices.filter(
    ({ shape, segments }) => shape.every((side) => side >= minSide) && segments.length === 1,
  );
  if (large.length < minMatrices) return false;
  const step = Math.max(1, large.length / maxMatrices);
  const chosen = Array.from({ length: Math.min(large.length, maxMatrices) }, (_, i) => large[Math.floor(i * step)]);
  const found = await Promise.all(
    chosen.map(async (matrix) => {
      if (!matrix) return 0;
      const [rows = 0, columns = 0] = matrix.shape;
      const count = Math.min(rows, maxRows);
      const values = await slice(matrix, 0, 0, count).read();
      return correlation(Array.from({ length: count }, (_, i) => values.subarray(i * columns, (i + 1) * columns)));
    }),
  );
  return found.filter((one) => Math.abs(one) > farOff).length <= trainedShare * found.length;
}
