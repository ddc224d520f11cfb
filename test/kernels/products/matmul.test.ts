import { expect, test } from "vitest";
import { casesTagged } from "../../../src/check/case-table.ts";
import { matmulCases } from "../../../src/check/cases/products/matmul.ts";
import { checkCase } from "../../../src/check/check-case.ts";
import { normal } from "../../../src/check/random.ts";
import { matmul } from "../../../src/kernels/matmul/matmul.ts";
import { tuning } from "../../../src/kernels/tuning.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { slice } from "../../../src/tensor/views.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
const plain = await testGpu({ features: [] });
const narrow = await testGpu({ features: [], cap: { workgroups: 20 } });
// With the choices made for GPUs, whatever the adapter.
const hardware = await testGpu({}, "hardware");

testCases(() => gpu, matmulCases, { seldom: ["register", "subgroups"] });

for (const variant of Object.keys(matmul.variants)) {
  test(`${variant}: f16 weights without any feature`, async () => {
    for (const item of matmulCases.cases.filter(({ inputs }) => inputs.weight.dtype === "f16")) {
      await checkCase(plain, matmulCases, variant, item);
    }
  });

  test(`${variant}: as a GPU runs it`, async () => {
    for (const item of matmulCases.cases) {
      if (variant === "vector" || item.inputs.weight.dtype === "f16")
        await checkCase(hardware, matmulCases, variant, item);
    }
  });
}

for (const variant of ["naive", "vector"]) {
  test(`${variant}: a grid that folds, on a device that takes 20 workgroups in each dimension`, async () => {
    for (const item of casesTagged(matmulCases.cases, "folds")) {
      await checkCase(narrow, matmulCases, variant, item);
    }
  });
}

const batches = [
  ["f32", 772],
  ["f16", 256],
  ["bf16", 36],
] as const;
const wideBatches = [
  ["f32", 772],
  ["f16", 264],
  ["bf16", 40],
  ["q8_0", 96],
] as const;
test.each([
  ["vector, as a software adapter runs it", gpu, "vector", batches],
  ["vector, as a GPU runs it", hardware, "vector", batches.slice(1, 2)],
  ...(gpu.adapter.subgroupSize === undefined
    ? []
    : [["vectorSubgroups", gpu, "vectorSubgroups", wideBatches] as const]),
] as const)("%s: a row's result is the same to the bit alone and in a batch", async (_, device, variant, weights) => {
  const n = 37;
  for (const [dtype, k] of weights) {
    const weight = tensor(device, [n, k], normal(n * k, 11), dtype);
    const bias = tensor(device, [n], normal(n, 12));
    const values = normal(8 * k, 13);
    const result = async (from: number, rows: number) => {
      const x = tensor(device, [rows, k], values.slice(from * k, (from + rows) * k));
      return [...(await matmul(device, { x, weight, bias }, { variant }).y.readStored())];
    };
    const alone: number[] = [];
    for (let row = 0; row < 8; row++) alone.push(...(await result(row, 1)));
    for (const rows of [2, 3, 4, 5, 8])
      expect(await result(0, rows), `${dtype}, ${rows} rows`).toEqual(alone.slice(0, rows * n));
    expect(await result(3, 5), `${dtype}, rows 3 to 8`).toEqual(alone.slice(3 * n));
  }
});

// Those of 256 to a block are loaded in other pieces for more than four rows: the bits are those of one row by itself.
test.skipIf(gpu.adapter.subgroupSize === undefined).each(["q2_k", "q3_k", "q4_k", "q5_k", "q6_k"] as const)(
  "vectorSubgroups, %s: more than four rows have the bits of single ones",
  async (dtype) => {
    const [k, n] = [512, 37];
    const weight = tensor(gpu, [n, k], normal(n * k, 11), dtype);
    const x = tensor(gpu, [6, k], normal(6 * k, 13));
    const { y } = matmul(gpu, { x, weight }, { variant: "vectorSubgroups" });
    const last = matmul(gpu, { x: slice(x, 0, 4, 5), weight }, { variant: "vectorSubgroups" });
    expect((await y.read()).slice(4 * n, 5 * n)).toEqual(await last.y.read());
    const ofVector = await matmul(gpu, { x, weight }, { variant: "vector" }).y.read(); // which loads codes otherwise
    for (const [i, value] of (await y.read()).entries()) expect(value).toBeCloseTo(ofVector[i] ?? Number.NaN, 3);
  },
);

test("the shape decides on the variant", () => {
  const chosen = (rows: number, k: number, device = plain) => {
    const x = tensor(device, [rows, k], new Float64Array(rows * k));
    const weight = tensor(device, [2, k], new Float64Array(2 * k));
    return device.record(() => matmul(device, { x, weight })).calls[0]?.variant;
  };
  expect(chosen(1, 8)).toBe("vector");
  expect(chosen(8, 8)).toBe("vector");
  expect(chosen(9, 8)).toBe("register");
  expect(chosen(1, 6)).toBe("tiled");
  const wanted = tuning(gpu).matmulOfManyRows;
  const possible = wanted.find((variant) => variant !== "subgroups" || gpu.adapter.subgroupSize !== undefined);
  expect(chosen(9, 8, gpu)).toBe(possible);
  expect(chosen(9, 8, hardware)).toBe("register");
});

test.skipIf(gpu.adapter.subgroupSize === undefined)("kernels in subgroups have the bits of register", async () => {
  const [rows, k, n] = [21, 152, 83];
  const x = tensor(gpu, [rows, k], normal(rows * k, 1));
  const weight = tensor(gpu, [n, k], normal(n * k, 2), "bf16");
  const [expected, actual] = await Promise.all(
    (["register", "subgroups"] as const).map((variant) => matmul(gpu, { x, weight }, { variant }).y.read()),
  );
  expect(actual).toEqual(expected);
  const few = slice(x, 0, 0, 5);
  const { y } = matmul(gpu, { x: few, weight }, { variant: "vectorSubgroups" });
  expect(await y.read()).toEqual(expected?.slice(0, 5 * n));
});

test("mistakes are named", () => {
  const x = tensor(gpu, [9, 6], new Float64Array(54));
  const weight = tensor(gpu, [2, 6], new Float64Array(12));
  expect(() => matmul(gpu, { x, weight }, { variant: "register" })).toThrow(
    "matmul/register: k is 6, expected a multiple of 4",
  );
  expect(() => matmul(gpu, { x, weight }, { variant: "vector" })).toThrow(
    "matmul/vector: x has 9 rows, expected 1 to 8",
  );
  expect(() => matmul(gpu, { x, weight: slice(weight, 1, 0, 4) })).toThrow(
    "weight is [2, 4], expected [n, k] with k = 6",
  );
  expect(() => matmul(gpu, { x, weight, bias: x })).toThrow("bias is [9, 6], expected [n]");
  const empty = { x: tensor(gpu, [2, 0], []), weight: tensor(gpu, [3, 0], []) };
  expect(() => matmul(gpu, empty)).toThrow("k is 0");
});

test("no rows give no rows", async () => {
  const x = tensor(gpu, [0, 4], []);
  const weight = tensor(gpu, [3, 4], new Float64Array(12));
  const { y } = matmul(gpu, { x, weight });
  expect(y.shape).toEqual([0, 3]);
  expect(await y.read()).toHaveLength(0);
});

test("cost counts useful work, and padding apart from it", () => {
  const x = tensor(gpu, [3, 8], new Float64Array(24));
  const weight = tensor(gpu, [33, 8], new Float64Array(264), "bf16");
  const bias = tensor(gpu, [33], new Float64Array(33));
  const cost = (variant: keyof typeof matmul.variants) =>
    gpu.record(() => matmul(gpu, { x, weight, bias }, { variant })).dispatches[0]?.cost;
  const useful = 2 * 3 * 8 * 33 + 99;
  const stored = 4 * 99 + 4 * 99; // results, and the bias once for each
  expect(cost("naive")).toMatchObject({
    flops: useful,
    executedFlops: useful,
    requestedBytes: 8 * 3 * 8 * 33 + stored,
  });
  expect(cost("tiled")).toMatchObject({
    flops: useful,
    executedFlops: 2 * 16 * 48 * 16 + 99,
    requestedBytes: 4 * 3 * 8 * 3 + 4 * 33 * 8 + stored,
  });
  expect(cost("register")).toMatchObject({
    flops: useful,
    executedFlops: 2 * 4 * 64 * 8 + 99,
    requestedBytes: 4 * 3 * 8 + (33 * 8 * 8) / 4 + stored,
  });
  expect(cost("vector")?.flops).toBe(useful);
  expect(cost("vector")?.executedFlops).toBeGreaterThanOrEqual(2 * 4 * 36 * 8 + 99);
});
