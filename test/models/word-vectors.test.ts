import { expect, test } from "vitest";
import { normal } from "../../src/check/random.ts";
import { pairScores } from "../../src/models/word-models/word-vectors.ts";
import { type Dense, dense, sizeOf } from "../../src/reference/dense.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { testGpu } from "../support/devices/gpu.ts";

const gpu = await testGpu();

/** Random numbers that f32 has. */
const drawn = (shape: readonly number[], seed: number): Dense =>
  dense(shape, Float32Array.from(normal(sizeOf(shape), seed)));

const upload = ({ shape, values }: Dense): Tensor => tensor(gpu, shape, values);

function expectNear(found: ArrayLike<number> | undefined, { values }: Dense): void {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(found).toHaveLength(values.length);
  for (const [i, value] of values.entries()) {
    expect(Math.abs((found?.[i] ?? Number.NaN) - value)).toBeLessThan(2e-6 * largest);
  }
}

test("scores of pairs: of the near word, and of those that are drawn", async () => {
  const [input, output] = [drawn([5, 3], 6), drawn([5, 3], 7)];
  const ids = (list: readonly number[]) => tensor(gpu, [list.length], list, "u32");
  const scores = pairScores(
    { gpu, input: upload(input), output: upload(output) },
    { ids: ids([2, 0]), near: ids([1, 4]), negatives: ids([3, 3, 0]) },
  );
  const product = (i: number, o: number) =>
    [0, 1, 2].reduce((sum, at) => sum + (input.values[3 * i + at] ?? 0) * (output.values[3 * o + at] ?? 0), 0);
  expect([scores.near.shape, scores.drawn.shape]).toEqual([
    [2, 1],
    [2, 3],
  ]);
  expectNear(await scores.near.read(), dense([2, 1], [product(2, 1), product(0, 4)]));
  const drawnScores = [product(2, 3), product(2, 3), product(2, 0), product(0, 3), product(0, 3), product(0, 0)];
  expectNear(await scores.drawn.read(), dense([2, 3], drawnScores));
});
