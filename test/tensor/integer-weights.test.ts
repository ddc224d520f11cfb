import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomSource } from "../../src/check/random.ts";
import { decodeF16, encodeF16 } from "../../src/tensor/dtype.ts";
import type { Planes } from "../../src/tensor/formats/format.ts";
import { decodePlanes, encodePlanes, formats, roundTo } from "../../src/tensor/formats/formats.ts";
import { loadPackedFormats } from "../../src/tensor/formats/packed.ts";

await loadPackedFormats();

const groups = [
  ["int4_32", 32],
  ["int4_64", 64],
  ["int4_128", 128],
] as const;

describe.each(groups)("%s", (dtype, group) => {
  const columns = 2 * group;
  const count = 3 * columns;

  test("an element is its code less the zero point, times the scale", () => {
    const random = randomSource(7);
    const codes = Uint8Array.from({ length: count }, () => random.integer(16));
    const zeros = Uint8Array.from({ length: count / group }, () => random.integer(16));
    const scales = Uint16Array.from(zeros, () => 0x1400 + random.integer(0x800));
    const data = new Uint8Array(count / 2);
    // Of 32 elements, the first 16 are in the lower halves of 16 bytes.
    for (const [i, code] of codes.entries()) {
      const byte = 16 * Math.floor(i / 32) + (i % 16);
      data[byte] = (data[byte] ?? 0) + code * (i % 32 < 16 ? 1 : 16);
    }
    const halves = Uint16Array.from({ length: 2 * zeros.length }, (_, i) =>
      i % 2 === 0 ? (scales[i / 2] ?? 0) : encodeF16(zeros[(i - 1) / 2] ?? 0),
    );
    const planes: Planes = { data, scales: new Uint8Array(halves.buffer) };
    expect([...decodePlanes(dtype, [3, columns], planes)]).toEqual(
      Array.from(codes, (code, i) => {
        const at = Math.floor(i / group);
        return (code - (zeros[at] ?? 0)) * decodeF16(scales[at] ?? 0);
      }),
    );
  });

  test("numbers of which each group has all codes are kept", () => {
    const random = randomSource(11);
    const values = Float64Array.from({ length: count }, () => 0);
    for (let first = 0; first < count; first += group) {
      const [scale, zero] = [(1 + random.integer(1023)) / 1024, random.integer(16)];
      for (let e = 0; e < group; e++) values[first + e] = ((e < 16 ? e : random.integer(16)) - zero) * scale;
    }
    expect(roundTo(dtype, [3, columns], values)).toEqual(values);
  });

  test("no number is further off than half a step, and what the scale and the zero point lose", () => {
    const number = fc.double({ min: -6e4, max: 6e4, noNaN: true });
    fc.assert(
      fc.property(fc.array(number, { minLength: group, maxLength: group }), (values) => {
        const rounded = roundTo(dtype, [1, group], values);
        const step = (Math.max(0, ...values) - Math.min(0, ...values)) / 15;
        const off = Math.max(...values.map((value, i) => Math.abs(value - (rounded[i] ?? Number.NaN))));
        expect(off).toBeLessThanOrEqual(1.02 * step + 1e-3); // scales of small numbers are subnormal
      }),
      { numRuns: 100 },
    );
  });

  test("a group with what is not finite is found", () => {
    const values = Float64Array.from({ length: count }, (_, i) => Math.cos(i));
    const { firstNotFinite } = formats[dtype];
    expect(firstNotFinite?.(encodePlanes(dtype, [3, columns], values))).toBeUndefined();
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, -1e9]) {
      values[group + 5] = wrong;
      expect(firstNotFinite?.(encodePlanes(dtype, [3, columns], values))?.index).toBe(group);
    }
  });
});

describe("int8_channel", () => {
  test("an element is its byte times the scale of its row, the nearest f32", () => {
    const data = Uint8Array.from({ length: 3 * 8 }, (_, i) => 37 * i + 11);
    const scales = Float32Array.of(0.1, -3, 1e-9);
    const planes: Planes = { data, scales: new Uint8Array(scales.buffer) };
    expect([...decodePlanes("int8_channel", [3, 8], planes)]).toEqual(
      Array.from(data, (byte, i) => Math.fround((byte < 128 ? byte : byte - 256) * (scales[i >> 3] ?? 0))),
    );
  });

  test("a row with what is not finite is found", () => {
    const values = Float64Array.from({ length: 3 * 8 }, (_, i) => Math.cos(i));
    const { firstNotFinite } = formats.int8_channel;
    expect(firstNotFinite?.(encodePlanes("int8_channel", [3, 8], values))).toBeUndefined();
    values[19] = Number.NaN;
    expect(firstNotFinite?.(encodePlanes("int8_channel", [3, 8], values))?.index).toBe(16);
  });
});
