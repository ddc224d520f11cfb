import { expect, test } from "vitest";
import { castCases } from "../../../src/check/cases/cast.ts";
import { normal } from "../../../src/check/random.ts";
import { cast } from "../../../src/kernels/elementwise/cast.ts";
import { type Elements, encode, floatTypes } from "../../../src/tensor/dtype.ts";
import { Tensor, tensor, upload } from "../../../src/tensor/tensor.ts";
import { slice, transpose } from "../../../src/tensor/views.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
for (const table of castCases) testCases(() => gpu, table);

test("signs of zero and subnormals survive, bit by bit", async () => {
  const bits = Uint32Array.of(0x80000000, 1, 0x80000001, 0x007fffff, 0x00008000, 0x00018000, 0xb3000000, 0xb3000001);
  const x = upload(gpu, [bits.length], "f32", new Float32Array(bits.buffer));
  const bf16 = cast(gpu, { x }, { dtype: "bf16" }).y;
  const stored: Elements = await bf16.readStored();
  expect([...stored]).toEqual([0x8000, 0, 0x8000, 0x0080, 0, 2, 0xb300, 0xb300]);
  const f16 = await cast(gpu, { x }, { dtype: "f16" }).y.readStored();
  expect([...f16]).toEqual([0x8000, 0, 0x8000, 0, 0, 0, 0x8000, 0x8001]);
  const back = await cast(gpu, { x: bf16 }, { dtype: "f32" }).y.readStored();
  expect([...new Uint32Array(back.buffer)]).toEqual([...stored].map((half) => (half << 16) >>> 0));
});

test("views, of 16-bit elements too", async () => {
  for (const dtype of floatTypes) {
    const values = normal(7 * 9, 1);
    const x = tensor(gpu, [7, 9], values, dtype);
    const expected = [...(await transpose(slice(x, 0, 1, 6)).read())];
    const { y } = cast(gpu, { x: transpose(slice(x, 0, 1, 6)) }, { dtype: "f16" });
    expect(y.shape).toEqual([9, 5]);
    expect([...(await y.readStored())]).toEqual([...encode("f16", expected)]);
  }
});

test("an odd number of 16-bit results leaves its neighbour alone", async () => {
  const whole = upload(gpu, [132], "f16", new Uint16Array(132).fill(0x1234));
  const into = new Tensor(gpu, [3], "f16", whole.segments, undefined, 128);
  cast(gpu, { x: tensor(gpu, [3], [1, 2, 3]) }, { dtype: "f16", into: { y: into } });
  expect([...(await whole.readStored())].slice(126)).toEqual([0x1234, 0x1234, 0x3c00, 0x4000, 0x4200, 0x1234]);
});
