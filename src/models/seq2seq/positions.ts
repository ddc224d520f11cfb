import { bucketOf } from "../encoders/buckets.ts";
import type { SinusoidSpelling } from "./config.ts";

/**
 * Sines and cosines of positions `[positions, width]`, computed in float64 (Vaswani et al. 2017, section 3.5), in a
 * checkpoint's convention.
 */
export function sinusoids(
  positions: number,
  width: number,
  { layout, frequencies }: SinusoidSpelling,
): Float32Array<ArrayBuffer> {
  const sines = Math.ceil(width / 2);
  const span = frequencies === "paper" ? width / 2 : Math.max(1, width / 2 - 1);
  const table = new Float32Array(positions * width);
  for (let position = 0; position < positions; position++) {
    for (let column = 0; column < width; column++) {
      const [i, isSine] =
        layout === "interleaved"
          ? [Math.floor(column / 2), column % 2 === 0]
          : [column < sines ? column : column - sines, column < sines];
      const angle = position * 10_000 ** (-i / span);
      table[position * width + column] = isSine ? Math.sin(angle) : Math.cos(angle);
    }
  }
  return table;
}

/**
 * The bucket of a key `distance` tokens before the query, for attention that looks back only (Raffel et al. 2019,
 * section 2.1, in the released code's form): the first half has one bucket per distance, the rest are logarithmic up to
 * `farthest`, and the last takes all beyond. Keys after the query are in the bucket of the query itself.
 */
function pastBucketOf(distance: number, buckets: number, farthest: number): number {
  const n = Math.max(0, distance);
  const exact = buckets / 2;
  if (n < exact) return n;
  const share = Math.log(n / exact) / Math.log(farthest / exact);
  return Math.min(buckets - 1, exact + Math.floor(share * (buckets - exact)));
}

/** The bucket of each offset, key minus query, from −farthest to farthest: of an encoder, or of a decoder. */
export const bucketsOfOffsets = (
  { buckets, farthest }: { readonly buckets: number; readonly farthest: number },
  stack: "encoder" | "decoder",
): number[] =>
  Array.from({ length: 2 * farthest + 1 }, (_, i) => {
    const offset = i - farthest;
    return stack === "encoder" ? bucketOf(offset, buckets, farthest) : pastBucketOf(-offset, buckets, farthest);
  });
