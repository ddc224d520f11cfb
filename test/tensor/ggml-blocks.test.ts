import { describe, expect, test } from "vitest";
import { randomSource } from "../../src/check/random.ts";
import { type DType, dtypes, formats } from "../../src/tensor/formats.ts";

/**
 * A block whose byte i is 37i + 11, but for its numbers of f16: a scale of 1 and, where there are two, a minimum of 0.5.
 * What single elements of it are, and the sum of all, by the formulas of ggml's own unpacking loops.
 */
const golden: Partial<Record<DType, { at: number[]; elements: Record<number, number>; sum: number }>> = {
  q8_0: { at: [0], elements: { 0: 85, 1: 122, 15: -128, 16: -91, 31: -48 }, sum: -176 },
  mxfp4: { at: [], elements: { 0: 0, 1: 3, 15: -1.5, 16: 1.5, 31: 3 }, sum: 12.5 },
};

const packed = dtypes.filter((dtype) => formats[dtype].ggml);

test("there are golden numbers of every format of ggml's", () => {
  expect(Object.keys(golden).sort()).toEqual([...packed].sort());
});

describe.each(packed)("%s", (dtype) => {
  const format = formats[dtype];
  const { ggml } = format;
  if (!ggml) throw new Error(`${dtype} has no blocks`);
  const elements = Number(format.planes.data.elements);

  test("a block is decoded as ggml does", () => {
    const { at, elements: some, sum } = golden[dtype] ?? { at: [], elements: {}, sum: Number.NaN };
    const block = Uint8Array.from({ length: ggml.bytes }, (_, i) => 37 * i + 11);
    if (dtype === "mxfp4") block[0] = 127;
    for (const [i, from] of at.entries()) block.set([0, i === 0 ? 0x3c : 0x38], from);
    const numbers = format.decode(ggml.split(block), elements);
    expect(numbers.length).toBe(elements);
    expect(Object.keys(some).map((i) => numbers[Number(i)])).toEqual(Object.values(some));
    expect(numbers.reduce((total, value) => total + value, 0)).toBe(sum);
  });

  test("blocks are put together as they were, every byte of them", () => {
    const random = randomSource(5);
    const blocks = Uint8Array.from({ length: 7 * ggml.bytes }, () => random.integer(256));
    const planes = ggml.split(blocks);
    expect(ggml.join(planes)).toEqual(blocks);
    for (const [name, { bytes }] of Object.entries(format.planes)) expect(planes[name]?.byteLength).toBe(7 * bytes);
  });

  test("what is not finite is found, and stays so", () => {
    const values = Float64Array.from({ length: 3 * elements }, (_, i) => Math.cos(i));
    expect(format.firstNotFinite?.(format.encode(values, elements))).toBeUndefined();
    values[elements + 5] = Number.POSITIVE_INFINITY;
    expect(format.firstNotFinite?.(format.encode(values, elements))?.index).toBe(elements);
  });
});
