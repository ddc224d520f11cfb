import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { packWords } from "../../src/check/packed.ts";
import { dequantise, quantise } from "../../src/reference/attention/kv-cache.ts";
import { dense } from "../../src/reference/dense.ts";
import {
  bytesOf,
  type DType,
  dtypes,
  encodePlanes,
  formats,
  isPlain,
  roundTo,
} from "../../src/tensor/formats/formats.ts";
import { loadPackedFormats } from "../../src/tensor/formats/packed.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { slice, transpose } from "../../src/tensor/views.ts";
import { testGpu } from "../support/devices/gpu.ts";

await loadPackedFormats();

const packed = dtypes.filter((dtype) => !isPlain(dtype));
/**
 * Those whose steps are found by a search, or by a range that codes may not fill: ggml-blocks.test.ts and
 * integer-weights.test.ts have numbers that they keep.
 */
const isSearched = (dtype: DType): boolean =>
  Number(formats[dtype].planes.data.elements) > 64 || ["iq4_nl", "int4_32", "int4_64"].includes(dtype);
const upTo = (max: number) => fc.array(fc.double({ min: -max, max, noNaN: true }), { minLength: 192, maxLength: 192 });
const numbers = upTo(1e6);

test("names are those of the table", () => {
  expect(dtypes.map((dtype) => formats[dtype].name)).toEqual(dtypes);
});

describe.each(packed)("%s", (dtype) => {
  test.skipIf(isSearched(dtype))("what was decoded is encoded as it was", () => {
    fc.assert(
      fc.property(formats[dtype].ggml ? upTo(6e4) : numbers, (values) => {
        const once = roundTo(dtype, [3, 64], values);
        // A block's scale is found anew from its numbers, as rounded to f32 as it was.
        const twice = roundTo(dtype, [3, 64], once);
        const largest = Math.max(...values.map(Math.abs));
        for (const [i, value] of once.entries()) {
          expect(Math.abs((twice[i] ?? Number.NaN) - value)).toBeLessThanOrEqual(1e-6 * largest);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("takes the bytes of its planes", () => {
    const planes = encodePlanes(dtype, [3, 256], new Float64Array(768));
    const bytes = Object.values(planes).reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(bytesOf(dtype, [3, 256])).toBe(bytes);
    expect(Object.keys(planes)).toEqual(Object.keys(formats[dtype].planes));
  });

  test("on the GPU: read back, by rows too", async () => {
    const gpu = await testGpu();
    const values = Float64Array.from({ length: 24 * 256 }, (_, i) => Math.sin(i));
    const x = tensor(gpu, [24, 256], values, dtype);
    const expected = roundTo(dtype, [24, 256], values);
    expect(expected.some((value) => value !== 0)).toBe(true);
    expect(await x.read()).toEqual(expected);
    expect(await slice(x, 0, 5, 9).read()).toEqual(expected.slice(5 * 256, 9 * 256));
    expect(() => slice(x, 1, 0, 32)).toThrow("expected whole rows");
    expect(() => transpose(x)).toThrow("expected whole rows");
    await expect(x.readStored()).rejects.toThrow(`readStored: ${dtype}, expected f32`);
  });
});

describe.each([
  { dtype: "int8", bits: 8, block: 64 },
  { dtype: "int4", bits: 4, block: 32 },
] as const)("$dtype", ({ dtype, bits, block }) => {
  test("is what the reference quantises to", () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const { codes, scales } = quantise({ x: dense([3, 64], values) }, { bits, block });
        const planes = encodePlanes(dtype, [3, 64], values);
        expect([...new Uint32Array(planes.data.buffer)]).toEqual([...packWords(codes, bits).values]);
        expect([...(planes["scales"] ?? [])]).toEqual([...scales.values]);
        const unsigned = (zeros: ArrayLike<number>) => Array.from(zeros, (value) => value + 0); // which has no sign
        expect(unsigned(roundTo(dtype, [3, 64], values))).toEqual(unsigned(dequantise({ codes, scales }).values));
      }),
      { numRuns: 100 },
    );
  });
});

describe("mxfp4", () => {
  const magnitudes = [0, 0.5, 1, 1.5, 2, 3, 4, 6];

  test("a number goes to the nearest of its block, ties to even codes", () => {
    const largest = 6;
    for (const [value, expected] of [
      [0.25, 0],
      [0.26, 0.5],
      [0.75, 1],
      [1.25, 1],
      [1.75, 2],
      [2.5, 2],
      [3.5, 4],
      [5, 4],
      [5.1, 6],
      [-0.75, -1],
    ] as const) {
      const block = [largest, value, ...new Array(30).fill(0)];
      expect(roundTo("mxfp4", [1, 32], block)[1]).toBe(expected);
    }
  });

  test("every number of a block whose largest is 4 or 6 stays as it is", () => {
    for (let exponent = -127; exponent <= 125; exponent++) {
      const values = Array.from({ length: 32 }, (_, i) => (magnitudes[i % 8] ?? 0) * (i < 16 ? 1 : -1) * 2 ** exponent);
      expect([...roundTo("mxfp4", [1, 32], values)]).toEqual(values);
    }
  });

  test("rows that are no whole blocks are refused", () => {
    expect(() => encodePlanes("mxfp4", [2, 48], new Float64Array(96))).toThrow(
      "encode: mxfp4 [2, 48], expected rows of a multiple of 32 elements",
    );
    expect(() => encodePlanes("mxfp4", [64], new Float64Array(64))).toThrow("expected rows of blocks");
  });
});
