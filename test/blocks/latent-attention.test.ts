import { describe, expect, test } from "vitest";
import { latentAttention } from "../../src/blocks/latent-attention.ts";
import { assertClose, nmseCaps } from "../../src/check/compare.ts";
import { normal } from "../../src/check/random.ts";
import { stepOf } from "../../src/check/step.ts";
import { headMatmul } from "../../src/kernels/matmul/heads.ts";
import { dense } from "../../src/reference/dense.ts";
import { latentAttention as reference } from "../../src/reference/models/latent-attention.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { slice, transpose } from "../../src/tensor/views.ts";
import { quickGpu } from "../support/devices/gpu.ts";

const gpu = await quickGpu({ features: [] });
const size = (shape: readonly number[]) => shape.reduce((product, axis) => product * axis, 1);
const random = (shape: readonly number[], seed: number, scale = 1) =>
  dense(shape, normal(size(shape), seed, scale).map(Math.fround));
const given = ({ shape, values }: ReturnType<typeof random>) => tensor(gpu, shape, values);

describe.each([
  { name: "small", b: 2, h: 3, t: 5, s: 20, nope: 16, rope: 8, dv: 12, rank: 24, length: 17 },
  {
    name: "DeepSeek's widths, one query",
    b: 1,
    h: 4,
    t: 1,
    s: 300,
    nope: 128,
    rope: 64,
    dv: 128,
    rank: 512,
    length: 290,
  },
])("latent attention, $name", ({ b, h, t, s, nope, rope, dv, rank, length }) => {
  const q = random([b, h, t, nope + rope], 1);
  const latents = random([b, s, rank + rope], 2);
  const weight = random([h * (nope + dv), rank], 3, 1 / Math.sqrt(rank));
  for (let row = 0; row < b * s; row++) {
    if (row % s >= length) latents.values.fill(Number.NaN, row * (rank + rope), (row + 1) * (rank + rope));
  }
  const expected = reference({ q, latents, weight }, { rope, length });

  test.each(["expanded", "absorbed"] as const)("%s is the definition", async (form) => {
    const tensors = { q: given(q), latents: given(latents), weight: given(weight) };
    const { out, lse } = latentAttention(gpu, tensors, { form, rope, length, lse: true });
    expect(out.shape).toEqual([b, h, t, dv]);
    assertClose(await out.read(), expected.out.values, nmseCaps.f32, "out");
    assertClose((await lse?.read()) ?? [], expected.lse.values, nmseCaps.f32, "lse");
  });
});

describe("latent attention", () => {
  const [h, nope, rope, dv, rank] = [3, 16, 8, 12, 24];
  const weight = random([h * (nope + dv), rank], 3);

  test("by the step, and chooses its form by the number of queries", async () => {
    const [q, latents] = [random([2, h, 1, nope + rope], 1), random([2, 40, rank + rope], 2)];
    const step = stepOf(gpu, [[30, 1], [4, 1]]); // biome-ignore format: rows of the step
    const tensors = { q: given(q), latents: given(latents), weight: given(weight), step };
    const calls = (t: number) => {
      const many = { ...tensors, q: given(random([2, h, t, nope + rope], 1)) };
      return gpu.record(() => latentAttention(gpu, many, { rope })).calls.map(({ op }) => op);
    };
    expect(calls(1)).not.toEqual(calls(9));
    const { out } = latentAttention(gpu, tensors, { rope });
    const values = await out.read();
    for (const [row, length] of [31, 5].entries()) {
      const own = {
        q: dense([1, h, 1, nope + rope], q.values.slice(row * h * (nope + rope), (row + 1) * h * (nope + rope))),
        latents: dense(
          [1, 40, rank + rope],
          latents.values.slice(row * 40 * (rank + rope), (row + 1) * 40 * (rank + rope)),
        ),
        weight,
      };
      const { out: wanted } = reference(own, { rope, length });
      assertClose(values.slice(row * h * dv, (row + 1) * h * dv), wanted.values, nmseCaps.f32, `row ${row}`);
    }
  });

  test("refuses widths that do not add up", () => {
    const tensors = {
      q: given(random([1, h, 1, nope + rope], 1)),
      latents: given(random([1, 4, rank + rope], 2)),
      weight: given(weight),
    };
    expect(() => latentAttention(gpu, tensors, { rope: 7 })).toThrow(
      /with rope = 7, expected \[b, h, t, nope \+ rope\]/,
    );
    expect(() => latentAttention(gpu, tensors, { rope: 0 })).toThrow(/with rope = 0/);
  });
});

test("a linear layer for each head, its weight as it is and transposed", async () => {
  const [rows, h, k, n] = [5, 3, 7, 9];
  const [x, weight] = [random([rows, h, k], 1), random([h, n, k], 2)];
  const expected = new Float64Array(rows * h * n);
  for (let i = 0; i < expected.length; i++) {
    const [row, head, column] = [Math.floor(i / (h * n)), Math.floor(i / n) % h, i % n];
    for (let j = 0; j < k; j++) {
      expected[i] =
        (expected[i] ?? 0) +
        (x.values[(row * h + head) * k + j] ?? 0) * (weight.values[(head * n + column) * k + j] ?? 0);
    }
  }
  assertClose(await headMatmul(gpu, { x: given(x), weight: given(weight) }).y.read(), expected, nmseCaps.f32, "y");
  const stored = transpose(given(dense([h, k, n], transposed(weight.values, n, k))));
  assertClose(await headMatmul(gpu, { x: given(x), weight: stored }).y.read(), expected, nmseCaps.f32, "y, transposed");
  const wide = given(random([rows, h, k + 3], 1));
  expect(headMatmul(gpu, { x: slice(wide, 2, 3, k + 3), weight: given(weight) }).y.shape).toEqual([rows, h, n]);
  expect(() => headMatmul(gpu, { x: transpose(wide), weight: given(weight) })).toThrow(/expected 1 for its last axis/);
});

function transposed(values: Float64Array, n: number, k: number): Float64Array {
  return values.map((_, i) => values[Math.floor(i / (n * k)) * n * k + (i % n) * k + (Math.floor(i / n) % k)] ?? 0);
}
