import { expect, test } from "vitest";
import { hadamardCases } from "../../../src/check/cases/attention/hadamard.ts";
import { kvCacheCases } from "../../../src/check/cases/attention/kv-cache.ts";
import { appendKv } from "../../../src/kernels/kv-cache/append.ts";
import type { FloatType } from "../../../src/tensor/dtype.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu({ features: [] });
testCases(() => gpu, kvCacheCases);
testCases(() => gpu, hadamardCases);

test("append refuses what does not fit, and says so", () => {
  const zeros = (...shape: number[]) => tensor(gpu, shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));
  const [k, v, keys, values] = [zeros(1, 2, 2, 4), zeros(1, 2, 2, 4), zeros(1, 2, 8, 4), zeros(1, 2, 8, 4)];
  const step = tensor(gpu, [64, 4], new Uint32Array(256), "u32");
  expect(() => appendKv(gpu, { k, v, keys: zeros(1, 3, 8, 4), values })).toThrow(/keys is \[1, 3, 8, 4\], expected/);
  expect(() => appendKv(gpu, { k, v, keys, values }, { start: -1 })).toThrow(/start is -1/);
  expect(() => appendKv(gpu, { k, v, keys, values, step }, { start: 1 })).toThrow(/no start with it/);
  expect(() => appendKv(gpu, { k, v, keys, values: keys })).toThrow(/shares its memory/);
  const half = (shape: readonly number[], dtype: FloatType) => tensor(gpu, shape, new Float32Array(64), dtype);
  const mixed = { k, v, keys: half([1, 2, 8, 4], "f16"), values: half([1, 2, 8, 4], "bf16") };
  expect(() => appendKv(gpu, mixed)).toThrow(/keys are f16, values bf16, expected the same of both/);
  const odd = [zeros(1, 2, 2, 1), zeros(1, 2, 2, 1), half([1, 2, 32, 1], "f16"), half([1, 2, 32, 1], "f16")] as const;
  expect(() => appendKv(gpu, { k: odd[0], v: odd[1], keys: odd[2], values: odd[3] })).toThrow(/expected an even width/);
});
