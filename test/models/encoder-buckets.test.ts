import { expect, test } from "vitest";
import { bucketOf } from "../../src/models/encoders/buckets.ts";

/** The first distance of each bucket of one side. */
function firsts(sign: 1 | -1): number[] {
  const buckets = Array.from({ length: 400 }, (_, n) => bucketOf(sign * n, 32, 128));
  const own = [...new Set(buckets)];
  expect(own).toEqual(own.toSorted((a, b) => a - b));
  return own.map((bucket) => buckets.indexOf(bucket));
}

test("buckets of T5's encoder: one for each distance up to 7, then from 8, 12, 16, 23, 32, 46, 64 and 91 on", () => {
  const expected = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 23, 32, 46, 64, 91];
  expect(firsts(-1)).toEqual(expected);
  expect(firsts(1)).toEqual(expected);
  expect([-1, 0, 1, -91, 91, -1000, 1000].map((distance) => bucketOf(distance, 32, 128))).toEqual([
    1, 0, 17, 15, 31, 15, 31,
  ]);
});
