/**
 * The bucket of a distance, key minus query, for attention in both directions (Raffel et al. 2019, section 2.1, in the
 * released code's form): half of the buckets are for keys after the query. Within each half, the first half has one
 * bucket per distance, the rest are logarithmic up to `farthest`, and the last takes all beyond.
 */
export function bucketOf(distance: number, buckets: number, farthest: number): number {
  const half = buckets / 2;
  const exact = half / 2;
  const side = distance > 0 ? half : 0;
  const n = Math.abs(distance);
  if (n < exact) return side + n;
  const share = Math.log(n / exact) / Math.log(farthest / exact);
  return side + Math.min(half - 1, exact + Math.floor(share * (half - exact)));
}
