/** A vector's numbers, and a point of the plane. */
type Vector = ArrayLike<number>;
export type Point = readonly [x: number, y: number];

const dot = (a: Vector, b: Vector): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
};

/** Maximum iterations for an axis, and the change below which it has converged. */
const [maxRounds, still] = [500, 1e-12];

/** A vector of length 1; zeros stay. */
function unit(vector: Float64Array): Float64Array {
  const length = Math.sqrt(dot(vector, vector));
  return length > 0 ? vector.map((value) => value / length) : vector;
}

/** The direction in which rows vary most: the power iteration on their covariance, from a fixed start. */
function widest(rows: readonly Float64Array[], width: number): Float64Array {
  let axis = unit(Float64Array.from({ length: width }, (_, i) => 1 + 1 / (i + 1)));
  for (let round = 0; round < maxRounds; round++) {
    const next = new Float64Array(width);
    for (const row of rows) {
      const along = dot(row, axis);
      for (let i = 0; i < width; i++) next[i] = (next[i] ?? 0) + along * (row[i] ?? 0);
    }
    const moved = unit(next);
    const change = 1 - Math.abs(dot(moved, axis));
    axis = moved;
    if (change < still) break;
  }
  return axis;
}

/**
 * The principal plane of vectors (PCA), in float64: coordinates of each along the two axes in which they vary most. An
 * axis is oriented by the sum of `towards`, so that pictures of two steps are not mirrored.
 */
export function planeOf(vectors: readonly Vector[], towards: Vector): readonly Point[] {
  const width = vectors[0]?.length ?? 0;
  const mean = Float64Array.from({ length: width }, (_, i) => {
    return vectors.reduce((sum, vector) => sum + (vector[i] ?? 0), 0) / vectors.length;
  });
  let rows = vectors.map((vector) => mean.map((value, i) => (vector[i] ?? 0) - value));
  const columns = [0, 1].map(() => {
    const found = widest(rows, width);
    const axis = dot(found, towards) < 0 ? found.map((value) => -value) : found;
    const along = rows.map((row) => dot(row, axis));
    rows = rows.map((row, r) => row.map((value, i) => value - (along[r] ?? 0) * (axis[i] ?? 0)));
    return along;
  });
  return vectors.map((_, i) => [columns[0]?.[i] ?? 0, columns[1]?.[i] ?? 0]);
}
