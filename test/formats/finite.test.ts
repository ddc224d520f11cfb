import { describe, expect, test } from "vitest";
import { assertFinite } from "../../src/formats/finite.ts";
import { FormatError } from "../../src/formats/format-error.ts";
import { bytesPerElement, decodeBf16, decodeF16, floatTypes, type PlainType } from "../../src/tensor/dtype.ts";

const FILE = "model.safetensors";
const NAME = "model.norm.weight";

function check(dtype: PlainType, bytes: Uint8Array, elementOffset = 0): void {
  assertFinite(NAME, FILE, dtype, bytes, elementOffset);
}

describe("assertFinite", () => {
  test.each([
    ["f16", decodeF16],
    ["bf16", decodeBf16],
  ] as const)(
    "judges each of the 65,536 values of %s as its decoder does, in either half of a word",
    (dtype, decode) => {
      const wrong: number[] = [];
      for (let half = 0; half < 65536; half++) {
        for (const place of [0, 1]) {
          const halves = new Uint16Array(2);
          halves[place] = half;
          let refused = false;
          try {
            check(dtype, new Uint8Array(halves.buffer));
          } catch {
            refused = true;
          }
          if (refused === Number.isFinite(decode(half))) wrong.push(half);
        }
      }
      expect(wrong).toEqual([]);
    },
  );

  test("judges f32 by its value", () => {
    const finite = [0, -0, 1, -1, 3.4028234663852886e38, -3.4028234663852886e38, 1e-45, 1.1754943508222875e-38];
    check("f32", new Uint8Array(Float32Array.from(finite).buffer));
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const bytes = new Uint8Array(Float32Array.from([...finite, value, Number.NaN]).buffer);
      expect(() => check("f32", bytes, 100)).toThrow(
        new FormatError(FILE, `is ${value} at element 108, expected finite numbers`, { field: NAME }),
      );
    }
    // A signalling NaN, whose exponent is all there is to see.
    expect(() => check("f32", new Uint8Array(Uint32Array.of(0xff800001).buffer))).toThrow(/is NaN at element 0/);
  });

  test.each(floatTypes.filter((dtype) => bytesPerElement[dtype] === 2))(
    "finds the first of %s at any place, odd lengths and block edges included",
    (dtype) => {
      const infinity = dtype === "f16" ? 0xfc00 : 0xff80;
      for (const [length, index] of [
        [1, 0],
        [2, 1],
        [3, 2],
        [8192, 8191],
        [8193, 8192],
        [20001, 8192],
        [20001, 20000],
        [20001, 12345],
      ] as const) {
        const halves = new Uint16Array(length).fill(0x7b00);
        check(dtype, new Uint8Array(halves.buffer));
        halves[index] = infinity;
        halves[length - 1] = infinity;
        expect(() => check(dtype, new Uint8Array(halves.buffer), 7)).toThrow(
          `${FILE}: ${NAME} is -Infinity at element ${index + 7}`,
        );
      }
    },
  );

  test("takes bytes at any offset", () => {
    const buffer = new Uint8Array(7);
    buffer.set([0x00, 0x3c, 0x00, 0x7e], 1);
    expect(() => check("f16", buffer.subarray(1, 5))).toThrow(/is NaN at element 1/);
    check("f16", buffer.subarray(1, 3));
    check("f16", new Uint8Array(0));
  });

  test("integers have no such values", () => {
    check("u32", new Uint8Array(4).fill(0xff));
    check("i32", new Uint8Array(4).fill(0x7f));
  });
});
