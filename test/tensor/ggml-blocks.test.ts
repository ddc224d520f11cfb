import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normal, randomSource } from "../../src/check/random.ts";
import { fileTypeNamed, tensorTypeNamed } from "../../src/formats/gguf/types.ts";
import { codecs } from "../../src/tensor/formats/codecs/table.ts";
import type { Planes, StorageFormat } from "../../src/tensor/formats/format.ts";
import { type DType, dtypes, formats, planeRowBytes, roundTo } from "../../src/tensor/formats/formats.ts";
import { loadPackedFormats, packedFormats } from "../../src/tensor/formats/packed.ts";

await loadPackedFormats();

/**
 * A block whose byte i is 37i + 11, but for its numbers of f16: a scale of 1 and, where there are two, a minimum of
 * 0.5. What single elements of it are, and the sum of all, by the formulas of ggml's own unpacking loops.
 */
const golden: Partial<Record<DType, { at: number[]; elements: Record<number, number>; sum: number }>> = {
  q8_0: { at: [0], elements: { 0: 85, 1: 122, 15: -128, 16: -91, 31: -48 }, sum: -176 },
  q4_0: { at: [0], elements: { 0: -3, 1: 2, 15: -8, 16: -3, 31: 0 }, sum: -21 },
  q4_1: { at: [0, 2], elements: { 0: 15.5, 1: 4.5, 15: 10.5, 16: 9.5, 31: 12.5 }, sum: 261 },
  q5_0: { at: [0], elements: { 0: 9, 1: -2, 15: -12, 16: 14, 31: 1 }, sum: 15 },
  q5_1: { at: [0, 2], elements: { 0: 19.5, 1: 24.5, 15: 30.5, 16: 19.5, 31: 5.5 }, sum: 521 },
  q2_k: { at: [80, 82], elements: { 0: 33, 1: 0, 31: -1.5, 32: 7.5, 100: 20, 128: 7.5, 255: 4.5 }, sum: 2059 },
  q3_k: { at: [108], elements: { 0: 81, 1: -108, 31: 64, 32: -22, 100: 0, 128: 2, 255: 42 }, sum: 958 },
  q4_k: {
    at: [0, 2],
    elements: { 0: 315.5, 1: -25.5, 31: 160.5, 32: 8, 100: 95, 128: 423, 255: 48.5 },
    sum: 54_440,
  },
  q5_k: {
    at: [0, 2],
    elements: { 0: 811.5, 1: -25.5, 31: 160.5, 32: 112, 100: 235, 128: 1047, 255: 108.5 },
    sum: 116_216,
  },
  q6_k: { at: [208], elements: { 0: -1431, 1: 1696, 31: -96, 32: 231, 100: 2523, 128: -351, 255: -60 }, sum: 4612 },
  iq4_nl: { at: [0], elements: { 0: -35, 1: 25, 15: -127, 16: -35, 31: 1 }, sum: -257 },
  mxfp4: { at: [], elements: { 0: 0, 1: 3, 15: -1.5, 16: 1.5, 31: 3 }, sum: 12.5 },
};

const packed = dtypes.filter((dtype) => formats[dtype].ggml);

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

/** Numbers of codes from `codes`, in groups that have a whole number of a scale each, and of a minimum. */
interface Exact {
  readonly group: number;
  readonly codes: readonly [lowest: number, highest: number];
  /** Codes that every group has: those from which its steps are found. */
  readonly has: readonly number[];
  readonly scales?: readonly [lowest: number, highest: number];
  readonly minima?: number;
}

const exact: Partial<Record<DType, Exact>> = {
  q8_0: { group: 32, codes: [-127, 127], has: [-127] },
  q4_0: { group: 32, codes: [-8, 7], has: [-8] },
  q5_0: { group: 32, codes: [-16, 15], has: [-16] },
  q4_1: { group: 32, codes: [0, 15], has: [0, 15], minima: 1 },
  q5_1: { group: 32, codes: [0, 31], has: [0, 31], minima: 1 },
  q2_k: { group: 16, codes: [0, 3], has: [0, 3], scales: [1, 15], minima: 15 },
  q3_k: { group: 16, codes: [-4, 3], has: [-4], scales: [-32, 31] },
  q4_k: { group: 32, codes: [0, 15], has: [0, 15], scales: [1, 63], minima: 63 },
  q5_k: { group: 32, codes: [0, 31], has: [0, 31], scales: [1, 63], minima: 63 },
  q6_k: { group: 16, codes: [-32, 31], has: [-32], scales: [-128, 127] },
};

describe.each(Object.entries(exact))("%s", (dtype, { group, codes, has, scales = [1, 1], minima = 0 }) => {
  test("numbers that it has are encoded as they are", () => {
    const random = randomSource(9);
    const from = (lowest: number, highest: number) => lowest + random.integer(highest - lowest + 1);
    const elements = Number(formats[dtype as DType].planes.data.elements);
    const values = Array.from({ length: (5 * elements) / group }, (_, at) => {
      const furthest = at % (elements / group) === 3 % (elements / group); // a block has the largest steps once
      const scale = furthest ? (scales[0] < 0 ? scales[0] : scales[1]) : from(...scales) || 1;
      const minimum = furthest ? minima : from(0, minima);
      const numbers = Array.from({ length: group }, (_, i) => has[i - 2] ?? from(...codes));
      return numbers.map((number) => (number * scale) / 64 - minimum / 16);
    }).flat();
    expect([...roundTo(dtype as DType, [5, elements], values)]).toEqual(values);
  });
});

/**
 * The root of the mean square error for normal numbers, as a share of theirs, as measured: the searches pay, as
 * Q4_K's 0.071 and the 0.078 of Q4_1 show, which rounds between the extremes.
 */
const errors: Partial<Record<DType, number>> = {
  q8_0: 0.00536,
  q4_0: 0.0861,
  q4_1: 0.0782,
  q5_0: 0.0424,
  q5_1: 0.0377,
  q2_k: 0.294,
  q3_k: 0.152,
  q4_k: 0.0713,
  q5_k: 0.036,
  q6_k: 0.0178,
  iq4_nl: 0.0764,
  mxfp4: 0.1154,
};

test.each(Object.entries(errors))("%s: the error for normal numbers is %d", (dtype, expected) => {
  const values = normal(64 * 256, 3);
  const rounded = roundTo(dtype as DType, [64, 256], values);
  const square = (numbers: ArrayLike<number>) => Array.from(numbers).reduce((sum, value) => sum + value * value, 0);
  const error = Math.sqrt(square(rounded.map((value, i) => value - (values[i] ?? 0))) / square(values));
  expect(error / expected).toBeGreaterThan(0.98);
  expect(error / expected).toBeLessThan(1.02);
});

/**
 * The largest error as a share of the largest magnitude of a block, for any numbers: half a step, and what scales lose.
 */
const furthestOff: Partial<Record<DType, number>> = {
  q8_0: 0.0045,
  q4_0: 0.126,
  q4_1: 0.068,
  q5_0: 0.064,
  q5_1: 0.034,
  q2_k: 0.4,
  q3_k: 0.3,
  q4_k: 0.08,
  q5_k: 0.05,
  q6_k: 0.035,
  iq4_nl: 0.115,
  mxfp4: 0.251,
};

test.each(Object.entries(furthestOff))("%s: no number is further off than %d of the largest", (dtype, share) => {
  const elements = Number(formats[dtype as DType].planes.data.elements);
  const number = fc.oneof(fc.double({ min: -6e4, max: 6e4, noNaN: true }), fc.constantFrom(0, -0, 1e-30, -1e-7, 6e4));
  fc.assert(
    fc.property(fc.array(number, { minLength: elements, maxLength: elements }), (values) => {
      const rounded = roundTo(dtype as DType, [1, elements], values);
      const largest = Math.max(...values.map(Math.abs));
      const off = Math.max(...values.map((value, i) => Math.abs(value - (rounded[i] ?? Number.NaN))));
      expect(off).toBeLessThanOrEqual(share * largest + 1e-3); // scales of small numbers are subnormal
    }),
    { numRuns: 100 },
  );
});

test("records of packed formats have the sizes of their codecs", () => {
  expect([...codecs.keys()].sort()).toEqual(packedFormats.map(({ name }) => name).sort());
  for (const { name } of packedFormats) {
    const { planes, ggml }: StorageFormat = formats[name];
    const columns = 512; // whole blocks of each format
    const codec = codecs.get(name);
    const made = Object.entries(codec?.encode(new Float64Array(columns), columns) ?? {});
    const sizes = Object.fromEntries(made.map(([plane, cells]) => [plane, cells.byteLength]));
    expect([name, sizes]).toEqual([name, planeRowBytes(name, columns)]);
    const elements = Number(planes.data.elements);
    const blocks = columns / elements;
    const joined = codec?.ggml?.join(Object.fromEntries(made) as Planes);
    expect([name, joined?.byteLength]).toEqual([name, ggml && blocks * ggml.bytes]);
    if (!ggml) continue;
    expect(tensorTypeNamed(name.toUpperCase())).toMatchObject({ elements, bytes: ggml.bytes });
    expect(fileTypeNamed(name.toUpperCase())).toBeGreaterThan(1);
  }
});

test("there are numbers of every format of ggml's in the three tables", () => {
  for (const table of [golden, errors, furthestOff]) expect(Object.keys(table).sort()).toEqual([...packed].sort());
});
