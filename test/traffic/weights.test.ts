import { describe, expect, test } from "vitest";
import { wholeBlocks } from "../../src/check/packed.ts";
import { normal } from "../../src/check/random.ts";
import { gather } from "../../src/kernels/embedding/gather.ts";
import { loadPackedFormats } from "../../src/kernels/formats/packed.ts";
import { weightTypes } from "../../src/kernels/formats.ts";
import { matmul } from "../../src/kernels/matmul/matmul.ts";
import { encodePlanes, isPlain } from "../../src/tensor/formats.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { testGpu } from "../support/gpu.ts";
import { countTraffic } from "./count.ts";

await loadPackedFormats();

const gpu = await testGpu();

/** The words of some bytes, the last filled with zeros. */
function wordsOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint32Array {
  const words = new Uint32Array(Math.ceil(byteLength / 4));
  new Uint8Array(words.buffer).set(new Uint8Array(buffer, byteOffset, byteLength));
  return words;
}

/** The interpreter does not run the constant vectors of the part that reads four elements of this format. */
const notRun = ["mxfp4"];

describe.each(weightTypes)("%s weights", (dtype) => {
  const [n, k] = [3, wholeBlocks(dtype, 32)];
  const values = normal(n * k, 1);
  const { data, scales } = encodePlanes(dtype, [n, k], values);
  const planes = {
    weight: dtype === "f32" ? Float32Array.from(values) : wordsOf(data),
    ...(scales ? { weight_scales: wordsOf(scales) } : {}),
  };
  const weight = tensor(gpu, [n, k], values, dtype);

  // Of a vector in memory the interpreter counts all, where a kernel loads one element of it.
  const one = isPlain(dtype) ? [] : (["naive"] as const);
  const runs = test.skipIf(notRun.includes(dtype));
  runs.each([...one, "register"] as const)("matmul %s requests what its cost says", (variant) => {
    const x = tensor(gpu, [2, k], normal(2 * k, 2));
    const program = gpu.record(() => matmul(gpu, { x, weight }, { variant }));
    for (const dispatch of program.calls.flatMap(({ dispatches }) => dispatches)) {
      const counted = countTraffic(dispatch, { x: Float32Array.from(normal(2 * k, 2)), ...planes });
      expect(counted.requestedBytes).toBe(dispatch.cost.requestedBytes);
    }
  });

  test("matmul vectorSubgroups requests what its cost says", () => {
    const x = tensor(gpu, [2, k], normal(2 * k, 2));
    const program = gpu.record(() => matmul(gpu, { x, weight }, { variant: "vectorSubgroups" }));
    for (const dispatch of program.calls.flatMap(({ dispatches }) => dispatches)) {
      const counted = countTraffic(dispatch, { x: Float32Array.from(normal(2 * k, 2)), ...planes });
      expect(counted.requestedBytes).toBe(dispatch.cost.requestedBytes);
    }
  });

  test.skipIf(isPlain(dtype) || notRun.includes(dtype))("embedding requests what its cost says", () => {
    const program = gpu.record(() => gather(gpu, { ids: tensor(gpu, [2], [2, 0], "u32"), table: weight }));
    for (const dispatch of program.calls.flatMap(({ dispatches }) => dispatches)) {
      const counted = countTraffic(dispatch, { ids: Uint32Array.of(2, 0), ...planes });
      expect(counted.requestedBytes).toBe(dispatch.cost.requestedBytes);
    }
  });
});
