import { describe, expect, test } from "vitest";
import { maxHits, Ranking } from "../../site/search/worker/ranking.ts";
import { quickGpu } from "../support/devices/gpu.ts";

const gpu = await quickGpu();

/** Rows of length 1 without a pattern. */
function rowsOf(count: number, width: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  const rows = new Float32Array(count * width);
  for (let i = 0; i < count; i++) {
    const row = Float64Array.from({ length: width }, next);
    const length = Math.hypot(...row);
    for (const [j, value] of row.entries()) rows[i * width + j] = value / length;
  }
  return rows;
}

describe("the ranking", () => {
  test.each([
    [1, 4],
    [5, 12],
    [70, 33],
    [3000, 128],
  ])("of %i passages of %i elements is that of their products in float64", async (count, width) => {
    const vectors = rowsOf(count, width, count);
    const ranking = await Ranking.of(gpu, vectors, count, width);
    for (const seed of [1, 2]) {
      const query = rowsOf(1, width, seed);
      const products = Array.from({ length: count }, (_, i) =>
        query.reduce((sum, value, j) => sum + value * (vectors[i * width + j] ?? 0), 0),
      );
      const found = await ranking.top(query);
      const order = products.map((_, i) => i).sort((p, q) => (products[q] ?? 0) - (products[p] ?? 0));
      const expected = order.slice(0, Math.min(maxHits, count));
      expect(found.map((i) => products[i]?.toFixed(5))).toEqual(expected.map((i) => products[i]?.toFixed(5)));
      expect(new Set(found).size).toBe(expected.length);
    }
    ranking.dispose();
  });

  test("of equals gives the first first", async () => {
    const vectors = Float32Array.of(0, 1, 1, 0, 0, 1, 0, 1);
    const ranking = await Ranking.of(gpu, vectors, 4, 2);
    expect(await ranking.top(Float32Array.of(0, 1))).toEqual([0, 2, 3, 1]);
    ranking.dispose();
  });
});
