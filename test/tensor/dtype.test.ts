import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bytesPerElement,
  decode,
  decodeBf16,
  decodeF16,
  elementsOf,
  encode,
  encodeBf16,
  encodeF16,
  plainTypes,
} from "../../src/tensor/dtype.ts";

const patterns = Array.from({ length: 65_536 }, (_, bits) => bits);

/** A 16-bit float read field by field: sign, `exponent` bits, the rest mantissa (IEEE 754, section 3.4). */
function fromFields(bits: number, exponentBits: number): number {
  const mantissaBits = 15 - exponentBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  const sign = bits >= 2 ** 15 ? -1 : 1;
  const exponent = Math.floor((bits % 2 ** 15) / 2 ** mantissaBits);
  const mantissa = bits % 2 ** mantissaBits;
  if (exponent === 2 ** exponentBits - 1) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * mantissa * 2 ** (1 - bias - mantissaBits);
  return sign * (2 ** mantissaBits + mantissa) * 2 ** (exponent - bias - mantissaBits);
}

const formats = [
  { dtype: "f16", exponentBits: 5, encodeOne: encodeF16, decodeOne: decodeF16, nan: 0x7e00 },
  { dtype: "bf16", exponentBits: 8, encodeOne: encodeBf16, decodeOne: decodeBf16, nan: 0x7fc0 },
] as const;

describe.each(formats)("$dtype", ({ dtype, exponentBits, encodeOne, decodeOne, nan }) => {
  const infinity = (2 ** exponentBits - 1) * 2 ** (15 - exponentBits);
  /** Every finite magnitude in order: index is the pattern; after them the one that would come next. */
  const ladder = patterns.slice(0, infinity).map((bits) => fromFields(bits, exponentBits));
  const beyond = 2 * (ladder.at(-1) ?? 0) - (ladder.at(-2) ?? 0);

  /** Nearest, ties to even, by search in the table of all values: what rounding is by definition. */
  function nearest(value: number): number {
    if (Number.isNaN(value)) return nan;
    const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
    const magnitude = Math.abs(value);
    let low = 0;
    let high = infinity; // stands for `beyond`, and rounds to infinity
    const at = (i: number) => ladder[i] ?? beyond;
    if (magnitude >= beyond) return sign + infinity;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (at(middle) <= magnitude) low = middle;
      else high = middle;
    }
    const [down, up] = [magnitude - at(low), at(high) - magnitude]; // exact: neighbours differ by a power of two
    return sign + (down < up || (down === up && low % 2 === 0) ? low : high);
  }

  test("every pattern is decoded to what its fields say", () => {
    const wrong = patterns.filter((bits) => !Object.is(decodeOne(bits), fromFields(bits, exponentBits)));
    expect(wrong).toEqual([]);
  });

  test("every pattern but NaN comes back from its value; NaN becomes the quiet one", () => {
    const isNaNPattern = (bits: number) => bits % 0x8000 > infinity;
    const wrong = patterns.filter((bits) => encodeOne(decodeOne(bits)) !== (isNaNPattern(bits) ? nan : bits));
    expect(wrong).toEqual([]);
    expect(patterns.filter(isNaNPattern).length).toBe(2 * (2 ** (15 - exponentBits) - 1));
  });

  test("half way between two neighbours goes to the even one, and a hair off it to the nearer", () => {
    const wrong: number[] = [];
    const hair = 2 ** -50; // far below what binary32 shows
    for (let bits = 0; bits < infinity; bits++) {
      const [low, high] = [ladder[bits] ?? 0, ladder[bits + 1] ?? beyond];
      const middle = low + (high - low) / 2;
      const even = bits % 2 === 0 ? bits : bits + 1;
      for (const sign of [1, -1]) {
        const expected = (pattern: number) => (sign < 0 ? pattern + 0x8000 : pattern);
        if (encodeOne(sign * middle) !== expected(even)) wrong.push(sign * middle);
        if (encodeOne(sign * middle * (1 + hair)) !== expected(bits + 1)) wrong.push(sign * middle * (1 + hair));
        if (encodeOne(sign * middle * (1 - hair)) !== expected(bits)) wrong.push(sign * middle * (1 - hair));
      }
    }
    expect(wrong).toEqual([]);
  });

  test("any number goes to the nearest", () => {
    const check = (value: number) => encodeOne(value) === nearest(value);
    fc.assert(fc.property(fc.double(), check), { numRuns: 20_000 });
    fc.assert(fc.property(fc.double({ min: -70_000, max: 70_000 }), check), { numRuns: 20_000 });
    fc.assert(fc.property(fc.float({ min: Math.fround(-1e-4), max: Math.fround(1e-4) }), check), { numRuns: 20_000 });
    for (const value of [0, -0, Number.MIN_VALUE, Number.MAX_VALUE, Infinity, -Infinity, Number.NaN]) {
      expect(check(value), `${value}`).toBe(true);
    }
  });

  test("arrays are encoded and decoded element by element", () => {
    const stored = Uint16Array.from(patterns);
    const again = encode(dtype, decode(dtype, stored));
    expect(again).toBeInstanceOf(Uint16Array);
    expect(again.every((bits, i) => bits === encodeOne(decodeOne(i)))).toBe(true);
  });
});

test.each([
  ["f32", Float32Array, [1.5, -0, Math.fround(0.1), Number.NaN, Infinity]],
  ["i32", Int32Array, [0, -1, 2 ** 31 - 1, -(2 ** 31)]],
  ["u32", Uint32Array, [0, 1, 2 ** 32 - 1]],
] as const)("%s is stored as it is", (dtype, kind, values) => {
  const stored = encode(dtype, values);
  expect(stored).toBeInstanceOf(kind);
  expect([...decode(dtype, stored)]).toEqual([...values]);
  expect(stored.BYTES_PER_ELEMENT).toBe(bytesPerElement[dtype]);
});

test.each(plainTypes)("elements of %s over memory", (dtype) => {
  const memory = new ArrayBuffer(32);
  const elements = elementsOf(dtype, memory, 8, 3);
  elements[0] = 1;
  expect([elements.length, elements.byteOffset, elements.byteLength]).toEqual([3, 8, 3 * bytesPerElement[dtype]]);
  expect(new Uint8Array(memory).findIndex((byte) => byte !== 0)).toBeGreaterThanOrEqual(8);
});
