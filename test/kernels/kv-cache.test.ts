import { expect, test } from "vitest";
import { appendKv } from "../../src/kernels/kv-cache/append.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { appendCases } from "../cases/kv-cache.ts";
import { testGpu } from "../support/gpu.ts";
import { testCases } from "../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, appendCases);

test("with a step, each row's own position; finished rows and positions past the end are left alone", async () => {
  const k = tensor(gpu, [3, 2, 1, 1], [1, 2, 3, 4, 5, 6]);
  const v = tensor(gpu, [3, 2, 1, 1], [-1, -2, -3, -4, -5, -6]);
  const keys = tensor(gpu, [3, 1, 4, 1], new Array<number>(12).fill(0));
  const values = tensor(gpu, [3, 1, 4, 1], new Array<number>(12).fill(0));
  const rows = new Uint32Array(256);
  rows.set([1, 2, 0, 0, 2, 0, 0, 0, 3, 2, 0, 0]); // row 1 has finished, row 2's second token is past the end
  appendKv(gpu, { k, v, keys, values, step: tensor(gpu, [64, 4], rows, "u32") }, {});
  expect([...(await keys.read())]).toEqual([0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 5]);
  expect([...(await values.read())]).toEqual([0, -1, -2, 0, 0, 0, 0, 0, 0, 0, 0, -5]);
});
