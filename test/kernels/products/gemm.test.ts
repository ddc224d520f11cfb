import { describe, expect, test } from "vitest";
import { casesTagged, hasTag } from "../../../src/check/case-table.ts";
import { gemmCases, gemmEpilogueCases, gemmSumCases } from "../../../src/check/cases/products/gemm.ts";
import { checkCase } from "../../../src/check/check-case.ts";
import { normal } from "../../../src/check/random.ts";
import { add } from "../../../src/kernels/elementwise/elementwise.ts";
import { gemm } from "../../../src/kernels/gemm/gemm.ts";
import { matmul } from "../../../src/kernels/matmul/matmul.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { slice, transpose } from "../../../src/tensor/views.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
const plain = await testGpu({ features: [] });
const narrow = await testGpu({ features: [], cap: { workgroups: 20 } });
const hardware = await testGpu({}, "hardware");

// Those large enough for tall tiles take the reference a second each: they are for the variant that has such tiles.
const isFull = process.env["SHADERFORMER_FULL"] === "1";
for (const table of [gemmCases, gemmEpilogueCases, gemmSumCases]) {
  const tall = table.cases.filter((item) => hasTag(item, "tall"));
  const cases = table.cases.filter((item) => !tall.includes(item));
  testCases(() => gpu, isFull ? table : { ...table, cases }, { seldom: ["vectors", "padded", "doubleBuffer"] });
  if (!isFull && tall.length > 0) {
    testCases(() => gpu, { ...table, variants: ["subgroups"], cases: tall.slice(0, 1) });
  }
}

const random = (shape: readonly number[], seed: number, device = gpu) =>
  tensor(
    device,
    shape,
    normal(
      shape.reduce((product, axis) => product * axis, 1),
      seed,
    ),
  );

const rungs = Object.keys(gemm.variants) as (keyof typeof gemm.variants)[];
const here = rungs.filter((variant) => variant !== "subgroups" || gpu.adapter.subgroupSize !== undefined);

test.each(["naive", "coalesced", "splitK"] as const)("%s: a grid that folds", async (variant) => {
  for (const item of casesTagged(gemmCases.cases, "folds")) await checkCase(narrow, gemmCases, variant, item);
});

describe("the rungs add up in the same order", () => {
  // Sizes whose kernels the cases have too.
  test.each([
    ["A·B", 37, 19, 41],
    ["A·Bᵀ", 36, 52, 76],
    ["Aᵀ·B", 37, 19, 41],
  ])("%s: all have the same bits, but for splitK", async (layout, m, k, n) => {
    const bias = m % 4 > 0 ? random([n], 3) : undefined;
    const a = layout === "Aᵀ·B" ? transpose(random([k, m], 1)) : random([m, k], 1);
    const b = layout === "A·Bᵀ" ? transpose(random([n, k], 2)) : random([k, n], 2);
    const expected = await gemm(gpu, { a, b, bias }, { variant: "naive" }).y.read();
    for (const variant of here.filter((name) => name !== "splitK")) {
      expect(await gemm(gpu, { a, b, bias }, { variant }).y.read(), variant).toEqual(expected);
    }
    if (layout !== "A·Bᵀ") return;
    const { y } = matmul(gpu, { x: a, weight: transpose(b) }, { variant: "register" });
    expect(await y.read(), "matmul").toEqual(expected);
  });
});

test("k is cut where the result is small, and only there", () => {
  const program = (m: number, k: number) =>
    gpu.record(() => gemm(gpu, { a: random([m, k], 1), b: random([k, m], 2) }, { variant: "splitK" }));
  const grids = (m: number, k: number) =>
    program(m, k)
      .dispatches.filter(({ kernel }) => kernel === "gemm/split-k/parts")
      .map(({ workgroups }) => workgroups);
  expect(grids(16, 4096)).toEqual([[1, 1, 32]]);
  expect(grids(16, 100)).toEqual([[1, 1, 1]]);
  expect(grids(256, 512)).toEqual([[16, 16, 1]]);
  expect(gemm.variants.splitK.workspace({ a: random([16, 4096], 1), b: random([4096, 16], 2) })).toBe(4 * 32 * 256);
});

test("the device decides on the variant", () => {
  const chosen = (device: typeof gpu) =>
    device.record(() => gemm(device, { a: random([8, 8], 1, device), b: random([8, 8], 2, device) })).calls[0]?.variant;
  expect(chosen(plain)).not.toBe("subgroups");
  expect(chosen(hardware)).toBe("doubleBuffer");
});

test("into a result of the caller's", async () => {
  const y = tensor(gpu, [2, 3, 4], new Float64Array(24));
  const [a, b] = [random([2, 3, 5], 1), random([5, 4], 2)];
  const result = gemm(gpu, { a, b }, { into: { y } });
  expect(result.y.storage).toBe(y.storage);
  expect(await y.read()).toEqual(await gemm(gpu, { a, b }).y.read());
});

test("a sum has the bits of the product that is added to it apart", async () => {
  const [a, b, before] = [random([70, 20], 1), random([20, 36], 2), random([70, 36], 3)];
  for (const variant of here) {
    const y = tensor(gpu, [70, 36], await before.read());
    gemm(gpu, { a, b }, { into: { y }, accumulate: true, variant });
    const apart = add(gpu, { a: before, b: gemm(gpu, { a, b }, { variant }).y });
    expect(await y.read(), variant).toEqual(await apart.y.read());
  }
});

test("mistakes are named", async () => {
  const [a, b] = [random([2, 3, 4], 1), random([4, 5], 2)];
  expect(() => gemm(gpu, { a, b: random([5, 4], 2) })).toThrow(
    "gemm: b is [5, 4], expected [..., k, n] with k = 4 (from a)",
  );
  expect(() => gemm(gpu, { a, b: random([3, 4, 5], 2) })).toThrow(
    "gemm: the batches of a and b: [2] and [3] do not broadcast",
  );
  expect(() => gemm(gpu, { a: random([4], 1), b })).toThrow("gemm: a is f32 [4], expected two to four axes");
  expect(() => gemm(gpu, { a, b: tensor(gpu, [4, 5], normal(20, 1), "bf16") })).toThrow(
    "gemm: b is bf16 [4, 5], expected f32 or f16; matmul takes other weights",
  );
  expect(() => gemm(gpu, { a, b, bias: random([4], 3) })).toThrow("bias is [4], expected [n] with n = 5");
  expect(() => gemm(gpu, { a, b }, { into: { y: random([3, 5], 1) } })).toThrow("into.y is [3, 5], expected [2, 3, 5]");
  expect(() => gemm(gpu, { a: slice(a, 2, 0, 0), b: slice(b, 0, 0, 0) })).toThrow("gemm: k is 0");
  expect(() => gemm(gpu, { a, b }, { accumulate: true })).toThrow(
    "gemm: accumulate without into.y, expected the memory",
  );
  // @ts-expect-error: there is no such activation
  expect(() => gemm(gpu, { a, b }, { activation: "tanh" })).toThrow(/activation is "tanh", expected .*"gelu-tanh"/);
});

test("no rows give no rows", async () => {
  const { y } = gemm(gpu, { a: random([0, 4], 1), b: random([4, 3], 2) });
  expect(y.shape).toEqual([0, 3]);
  expect(await y.read()).toHaveLength(0);
});
