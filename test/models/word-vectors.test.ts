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

test("scores of pairs: the near word first, then those that are drawn", async () => {
  const [input, output] = [drawn([5, 3], 6), drawn([5, 3], 7)];
  const ids = (list: readonly number[]) => tensor(gpu, [list.length], list, "u32");
  const scores = pairScores(
    { gpu, input: upload(input), output: upload(output) },
    { ids: ids([2, 0]), near: ids([1, 4]), negatives: ids([3, 3, 0]) },
  );
  expect(scores.shape).toEqual([2, 4]);
  const product = (i: number, o: number) =>
    [0, 1, 2].reduce((sum, at) => sum + (input.values[3 * i + at] ?? 0) * (output.values[3 * o + at] ?? 0), 0);
  const wanted = [product(2, 1), product(2, 3), product(2, 3), product(2, 0)];
  expectNear(
    await scores.read(),
    dense([2, 4], [...wanted, product(0, 4), product(0, 3), product(0, 3), product(0, 0)]),
  );
});
