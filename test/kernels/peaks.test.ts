import { expect, test } from "vitest";
import {
  copyVectors,
  increment,
  multiplyAdd,
  multiplyAddResult,
  readVectors,
  readVectorsResult,
  readWorkgroupMemory,
  workgroupMemoryResult,
} from "../../src/kernels/peaks.ts";
import { upload } from "../../src/tensor/tensor.ts";
import { testGpu } from "../support/devices/gpu.ts";

const gpu = await testGpu();
const indices = (n: number) => Array.from({ length: n }, (_, i) => i);
const words = (n: number) => Uint32Array.from({ length: n }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 0);

test.each([
  [1, 8],
  [70, 1024],
  [130, 0],
] as const)("multiply-adds in f32 count exactly: %i threads, %i turns", async (n, turns) => {
  const { y } = multiplyAdd(gpu, {}, { dtype: "f32", n, turns });
  expect([...(await y.read())]).toEqual(indices(n).map((i) => multiplyAddResult(i, turns)));
});

test.skipIf(!gpu.features.has("shader-f16"))("multiply-adds in f16 count exactly", async () => {
  const { y } = multiplyAdd(gpu, {}, { dtype: "f16", n: 70, turns: 1024 });
  expect([...(await y.read())]).toEqual(indices(70).map((i) => multiplyAddResult(i, 1024)));
});

test.each([1, 255, 257, 1000])("a copy of %i vectors is the same to the bit", async (n) => {
  const { y } = copyVectors(gpu, { x: upload(gpu, [n, 4], "u32", words(4 * n)) });
  expect(await y.readStored()).toEqual(words(4 * n));
});

test.each([
  [1, 8],
  [300, 1024],
] as const)("workgroup memory is read as often as said: %i threads, %i turns", async (n, turns) => {
  const { y } = readWorkgroupMemory(gpu, {}, { n, turns });
  expect([...(await y.read())]).toEqual(indices(n).flatMap((i) => workgroupMemoryResult(i, turns)));
});

test.each([
  [1, 1],
  [255, 1],
  [257, 8],
  [1000, 64],
] as const)("each of %i vectors is read once, by teams of %i threads", async (n, lanes) => {
  const all = words(4 * n);
  const { y } = readVectors(gpu, { x: upload(gpu, [n, 4], "u32", all) }, { lanes });
  expect([...(await y.read())]).toEqual(indices(y.size).map((i) => readVectorsResult(all, i, lanes)));
});

test("increments follow one another", async () => {
  const count = upload(gpu, [3], "u32", Uint32Array.of(5, 0, 7));
  for (let i = 0; i < 10; i++) increment(gpu, { count });
  expect([...(await count.read())]).toEqual([15, 10, 17]);
});
