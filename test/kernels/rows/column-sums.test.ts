import { expect, test } from "vitest";
import { columnSumCases } from "../../../src/check/cases/rows/reduce.ts";
import { columnSums } from "../../../src/kernels/reduce/column-sums.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, columnSumCases);

test("a dispatch for every 128 rows that are left", () => {
  const dispatches = (rows: number) => {
    const x = tensor(gpu, [rows, 3], new Float32Array(rows * 3));
    return gpu.record(() => columnSums(gpu, { x })).dispatches.map(({ kernel }) => kernel);
  };
  expect(dispatches(1)).toEqual(["reduce/columns"]);
  expect(dispatches(128).length).toBe(1);
  expect(dispatches(129).length).toBe(2);
  expect(dispatches(128 * 128 + 1).length).toBe(3);
});

test("mistakes are named", () => {
  const x = tensor(gpu, [2, 3], new Float32Array(6));
  expect(() => columnSums(gpu, { x: tensor(gpu, [3], [1, 2, 3]) })).toThrow(
    "columnSums: x is [3], expected [rows, cols]",
  );
  const into = { y: tensor(gpu, [2], [1, 2]) };
  expect(() => columnSums(gpu, { x }, { into })).toThrow("columnSums: into.y is [2], expected [3]");
});
