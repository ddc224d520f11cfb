/** Sequences of one batch: `h` heads of `t` tokens, each of `d` numbers, `[h, t, d]`. */
export interface Sequences {
  readonly h: number;
  readonly t: number;
  readonly d: number;
  readonly q: Float64Array;
  readonly k: Float64Array;
  readonly v: Float64Array;
}

/** Attention as it is defined, in float64: softmax(q · kᵀ / √d) · v over the keys that the mask keeps, `[h, t, d]`. */
export function referenceAttention(
  { h, t, d, q, k, v }: Sequences,
  keeps: (b: number, h: number, q: number, k: number) => boolean,
): Float64Array {
  const out = new Float64Array(h * t * d);
  for (let head = 0; head < h; head++) {
    const row = (values: Float64Array, token: number) =>
      values.subarray((head * t + token) * d, (head * t + token + 1) * d);
    for (let query = 0; query < t; query++) {
      const keys = Array.from({ length: t }, (_, key) => key).filter((key) => keeps(0, head, query, key));
      const scores = Float64Array.from(keys, (key) => dot(row(q, query), row(k, key)) / Math.sqrt(d));
      const maximum = Math.max(...scores); // subtracted so that exp cannot overflow
      const weights = scores.map((score) => Math.exp(score - maximum));
      const sum = weights.reduce((total, weight) => total + weight, 0);
      for (let column = 0; column < d; column++) {
        const values = Float64Array.from(keys, (key) => row(v, key)[column] ?? Number.NaN);
        out[(head * t + query) * d + column] = dot(weights, values) / sum;
      }
    }
  }
  return out;
}

const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * (b[i] ?? Number.NaN), 0);
