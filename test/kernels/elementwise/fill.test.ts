import { expect, test } from "vitest";
import { fillCases } from "../../../src/check/cases/fill.ts";
import { fill } from "../../../src/kernels/elementwise/fill.ts";
import { encode } from "../../../src/tensor/dtype.ts";
import { Tensor, upload } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, fillCases);

test("every type, an odd number of elements", async () => {
  for (const [dtype, value] of [
    ["f16", 1 / 3],
    ["bf16", -1 / 3],
    ["i32", -7],
    ["u32", 2 ** 32 - 1],
    ["f32", Number.NaN],
    ["f32", Number.NEGATIVE_INFINITY],
  ] as const) {
    const y = fill(gpu, [5, 27], value, dtype);
    expect(y.dtype).toBe(dtype);
    expect(await y.readStored()).toEqual(encode(dtype, new Array(135).fill(value)));
  }
});

test("an odd number of 16-bit elements leaves its neighbour alone", async () => {
  const whole = upload(gpu, [132], "bf16", new Uint16Array(132).fill(0x1234));
  const into = new Tensor(gpu, [3], "bf16", whole.segments, undefined, 128);
  fill(gpu, [3], 1, "bf16", { into: { y: into } });
  expect([...(await whole.readStored())].slice(126)).toEqual([0x1234, 0x1234, 0x3f80, 0x3f80, 0x3f80, 0x1234]);
});

test("a value that an integer type does not hold is refused", () => {
  expect(() => fill(gpu, [2], 1.5, "i32")).toThrow("fill: value is 1.5, expected a value of i32");
  expect(() => fill(gpu, [2], -1, "u32")).toThrow("fill: value is -1, expected a value of u32");
  expect(() => fill(gpu, [2], 1e39)).toThrow("fill: value is 1e+39, expected a value of f32");
  expect(() => fill(gpu, [2], 65520, "f16")).toThrow("fill: value is 65520, expected a value of f16");
  expect(() => fill(gpu, [-1], 0)).toThrow("fill: shape [-1]");
});
