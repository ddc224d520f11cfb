type Vector = Float64Array;

const dot = (a: Vector, b: Vector) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
const less = (a: Vector, b: Vector, times: number) => a.map((value, i) => value - times * (b[i] ?? 0));
const unit = (a: Vector) => a.map((value) => value / (Math.sqrt(dot(a, a)) || 1));

/** A vector's share of the first guess of an axis: second ones of pairs against first ones, then later against earlier. */
const startOf = (i: number, count: number) => (i % 2 === 0 ? -1 : 1) + i / count;

/**
 * Vectors in the plane in which they vary most, found by power iteration (principal component analysis). Vectors come
 * in pairs; the guess keeps the pictures of two steps from being mirrored.
 */
export function planeOf(vectors: readonly Vector[]): (readonly [x: number, y: number])[] {
  const mean = (vectors[0] ?? new Float64Array()).map(
    (_, i) => vectors.reduce((sum, vector) => sum + (vector[i] ?? 0), 0) / vectors.length,
  );
  let rows = vectors.map((vector) => less(vector, mean, 1));
  const [x = [], y = []] = [0, 1].map(() => {
    let axis = unit(
      rows.reduce(
        (sum, row, i) => less(sum, row, -startOf(i, rows.length)),
        mean.map(() => 0),
      ),
    );
    for (let round = 0; round < 100; round++) {
      const along = rows.map((row) => dot(row, axis));
      axis = unit(
        rows.reduce(
          (sum, row, i) => less(sum, row, -(along[i] ?? 0)),
          mean.map(() => 0),
        ),
      );
    }
    const along = rows.map((row) => dot(row, axis));
    rows = rows.map((row, i) => less(row, axis, along[i] ?? 0));
    return along;
  });
  return x.map((value, i) => [value, y[i] ?? 0]);
}
