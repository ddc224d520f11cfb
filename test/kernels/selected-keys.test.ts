// Attention over selected keys on a device: scores of an indexer, the selection, and attention over it.
import { expect, test } from "vitest";
import {
  indexScoresCases,
  selectedAttentionCases,
  selectKeysCases,
} from "../../src/check/cases/attention/selected-keys.ts";
import { normal } from "../../src/check/random.ts";
import { indexScores, selectKeys } from "../../src/kernels/attention/selected-keys/select-keys.ts";
import { selectedAttention } from "../../src/kernels/attention/selected-keys/selected-attention.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { reshape } from "../../src/tensor/views.ts";
import { testGpu } from "../support/devices/gpu.ts";
import { testCases } from "../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, indexScoresCases);
testCases(() => gpu, selectKeysCases);
testCases(() => gpu, selectedAttentionCases);

const random = (shape: number[], seed: number) =>
  tensor(
    gpu,
    shape,
    normal(
      shape.reduce((product, size) => product * size, 1),
      seed,
    ),
  );

test.each(["naive", "gathered"] as const)(
  "%s: without room for all keys it takes the best, with room all",
  async (variant) => {
    const [h, t, s, d] = [4, 6, 40, 16];
    const given = { q: random([1, h, t, d], 1), k: random([1, 2, s, d], 2), v: random([1, 2, s, d], 3) };
    const { scores } = indexScores(gpu, {
      q: random([1, 2, t, 8], 4),
      k: random([1, s, 8], 5),
      weights: random([1, t, 2], 6),
    });
    const of = async (count: number) => {
      const { indices } = selectKeys(gpu, { scores }, { count });
      return selectedAttention(gpu, { ...given, indices: reshape(indices, [1, 1, t, count]) }, { variant }).out.read();
    };
    const [all, more, few] = [await of(s), await of(s + 30), await of(5)];
    expect(Math.max(...[...more].map((value, i) => Math.abs(value - (all[i] ?? 0))))).toBeLessThan(1e-6);
    expect(few).not.toEqual(all);
  },
);

test("heads of indices that do not divide the queries' are refused", () => {
  const given = { q: random([1, 4, 2, 8], 1), k: random([1, 2, 5, 8], 2), v: random([1, 2, 5, 8], 3) };
  const indices = tensor(gpu, [1, 3, 2, 1], [0, 0, 0, 0, 0, 0], "u32");
  expect(() => selectedAttention(gpu, { ...given, indices })).toThrow("m dividing 4");
});
