import { expect, test } from "vitest";
import { normal } from "../../../src/check/random.ts";
import { matmulInt8 } from "../../../src/kernels/matmul/int8.ts";
import { matmul as reference } from "../../../src/reference/matmul.ts";
import { roundTo } from "../../../src/tensor/formats/formats.ts";
import { loadPackedFormats } from "../../../src/tensor/formats/packed.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";

await loadPackedFormats();
const gpu = await testGpu();

/**
 * How far each result may be from the exact product of x and the decoded weights. An element of x is off by half a step
 * of its block, max |x| / 254, and by the rounding of the division: 2⁻²³ of it, 127 steps, at most. Sums of blocks are
 * f32: each of at most k / 32 + 3 operations rounds a number that is no larger than Σ |x| · |weight|.
 */
function boundsOf(x: ArrayLike<number>, weight: ArrayLike<number>, [rows, k, n]: readonly [number, number, number]) {
  const bounds = new Float64Array(rows * n);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < n; column++) {
      let [half, whole] = [0, 0];
      for (let first = 0; first < k; first += 32) {
        let [most, sum] = [0, 0];
        for (let i = first; i < first + 32; i++) {
          const [value, factor] = [Math.abs(x[row * k + i] ?? 0), Math.abs(weight[column * k + i] ?? 0)];
          most = Math.max(most, value);
          sum += factor;
        }
        half += (most / 254) * (1 + 254 * 2 ** -22) * sum;
        whole += most * sum;
      }
      bounds[row * n + column] = half + (k / 32 + 4) * 2 ** -24 * whole;
    }
  }
  return bounds;
}

const shapes = [
  [1, 32, 1],
  [5, 96, 19],
  [33, 160, 65],
  [8, 1056, 7],
] as const;

for (const dot of ["builtin", "plain"] as const) {
  test.each(shapes)(`${dot}: %i rows, k of %i, %i columns: within the bound of its rounding`, async (rows, k, n) => {
    const values = normal(rows * k, 1);
    for (let i = 0; i < values.length; i += 45) values[i] = 20 * (values[i] ?? 0);
    if (k > 32) values.fill(0, 0, 32); // a block of zeros
    const [weights, bias] = [normal(n * k, 2), normal(n, 3)];
    const x = tensor(gpu, [rows, k], values);
    const weight = tensor(gpu, [n, k], weights, "q8_0");
    const stored = {
      x: { shape: [rows, k], values: Float64Array.from(values, Math.fround) },
      weight: { shape: [n, k], values: Float64Array.from(roundTo("q8_0", [n, k], weights)) },
      bias: { shape: [n], values: Float64Array.from(bias, Math.fround) },
    };
    const expected = reference(stored).y.values;
    const bounds = boundsOf(stored.x.values, stored.weight.values, [rows, k, n]);
    const actual = await matmulInt8(gpu, { x, weight, bias: tensor(gpu, [n], bias) }, { dot }).y.read();
    let nearest = 0;
    for (const [i, value] of expected.entries()) {
      const error = Math.abs((actual[i] ?? Number.NaN) - value);
      const bound = (bounds[i] ?? 0) + 2 ** -23 * Math.abs(value);
      expect(error, `element ${i}: ${actual[i]}, exactly ${value}`).toBeLessThanOrEqual(bound);
      nearest = Math.max(nearest, error / bound);
    }
    expect(nearest, "the bound is no idle one").toBeGreaterThan(0.005);
  });
}

test("both ways of multiplying bytes give the same bits", async () => {
  const x = tensor(gpu, [9, 64], normal(9 * 64, 4));
  const weight = tensor(gpu, [12, 64], normal(12 * 64, 5), "q8_0");
  const [one, other] = await Promise.all(
    (["builtin", "plain"] as const).map((dot) => matmulInt8(gpu, { x, weight }, { dot }).y.read()),
  );
  expect(one).toEqual(other);
});

test("codes are the nearest numbers, not those towards 0", async () => {
  const values = [127, 2.7, -2.7, 0.4]; // the largest gives a scale of 1
  const x = tensor(
    gpu,
    [1, 32],
    Array.from({ length: 32 }, (_, i) => values[i] ?? 0),
  );
  const weights = Array.from({ length: 4 * 32 }, (_, i) => (i % 32 === Math.floor(i / 32) ? 127 : 0));
  const { y } = matmulInt8(gpu, { x, weight: tensor(gpu, [4, 32], weights, "q8_0") });
  expect(Array.from(await y.read(), Math.round)).toEqual([127 * 127, 3 * 127, -3 * 127, 0]);
});

test("weights too large for one binding, with a bias, give the bits of one binding", async () => {
  const small = await testGpu({ cap: { binding: 262_144 } });
  const [rows, k, n] = [3, 1024, 300];
  const run = (device: typeof gpu) => {
    const x = tensor(device, [rows, k], normal(rows * k, 6));
    const weight = tensor(device, [n, k], normal(n * k, 7), "q8_0");
    return matmulInt8(device, { x, weight, bias: tensor(device, [n], normal(n, 8)) }).y.read();
  };
  expect(await run(small)).toEqual(await run(gpu));
});

test("mistakes are named", () => {
  const x = tensor(gpu, [2, 48], normal(96, 1));
  expect(() => matmulInt8(gpu, { x, weight: tensor(gpu, [3, 48], normal(144, 2)) })).toThrow(
    "matmulInt8/tiles: its weights are f32, expected q8_0",
  );
  const wide = tensor(gpu, [3, 64], normal(192, 2), "q8_0");
  expect(() => matmulInt8(gpu, { x, weight: wide })).toThrow("matmulInt8/tiles: k is 48, expected a multiple of 32");
  const other = tensor(gpu, [2, 32], normal(64, 1));
  expect(() => matmulInt8(gpu, { x: other, weight: wide })).toThrow("weight has rows of 64, expected 32 (from x)");
});
