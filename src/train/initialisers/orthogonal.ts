/**
 * `count` orthonormal rows of `width` ≥ count, from normal numbers: the rows of a random matrix made orthogonal one after
 * the other (modified Gram and Schmidt, twice, so that rounding leaves none of the earlier rows), in float64. This is the
 * uniform distribution over such matrices, as the QR factorisation with a positive diagonal gives it.
 */
export function orthonormalRows(count: number, width: number, normal: (i: number) => number): Float64Array {
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
