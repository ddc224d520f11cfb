// Builtin functions of vectors, matrices and packed words, against exact arithmetic and their definitions.
import { describe, expect, test } from "vitest";
import { randomSource } from "../../../../src/check/random.ts";
import { halfBits, halfOf, roundTo } from "../../../../src/wgsl/run/numbers.ts";
import { bitcastScalars } from "../../../../src/wgsl/run/operations-packed.ts";
import { wholeFunction } from "../../../../src/wgsl/run/operations-whole.ts";
import type { ScalarName } from "../../../../src/wgsl/run/types.ts";
import { formats, nearest, plus, ratio, singleOf, times } from "./exact.ts";

const { integer, uniform } = randomSource(1);
const many = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

function value(name: string, scalar: ScalarName, values: readonly (readonly number[])[], columns = 1): number[] {
  const apply = wholeFunction(name);
  if (!apply) throw new RangeError(`there is no ${name}`);
  return apply(values, scalar, columns);
}

test("names that are of no such function", () => {
  for (const name of ["sin", "constructor", "toString", "select"]) expect(wholeFunction(name)).toBeUndefined();
});

describe("dot", () => {
  test.each(["f32", "f16"] as const)("of %s rounds each product and each sum, in order", (scalar) => {
    const one = () => roundTo(uniform() * 2 - 1, scalar);
    const format = formats[scalar];
    let differing = 0;
    for (const size of [2, 3, 4]) {
      for (const [a, b] of many(500, () => [many(size, one), many(size, one)] as const)) {
        const products = a.map((x, i) => nearest(times(ratio(x), ratio(b[i] ?? 0)), format));
        const wanted = products.reduce((sum, product) => nearest(plus(ratio(sum), ratio(product)), format), 0);
        expect(value("dot", scalar, [a, b])).toEqual([wanted]);
        if (
          wanted !==
          roundTo(
            a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0),
            scalar,
          )
        )
          differing++;
      }
    }
    expect(differing, "sums that rounding once changes").toBeGreaterThan(100);
  });

  test("of integers wraps, of abstract ones is exact", () => {
    for (const [a, b] of many(500, () => [many(4, () => integer(2 ** 32)), many(4, () => integer(2 ** 32))] as const)) {
      const exact = (x: readonly number[], y: readonly number[]) =>
        x.reduce((sum, one, i) => sum + BigInt(one) * BigInt(y[i] ?? 0), 0n);
      expect(value("dot", "u32", [a, b])).toEqual([Number(BigInt.asUintN(32, exact(a, b)))]);
      const [c, d] = [a.map((x) => x | 0), b.map((x) => x | 0)];
      expect(value("dot", "i32", [c, d])).toEqual([Number(BigInt.asIntN(32, exact(c, d)))]);
    }
    expect(
      value("dot", "abstract-int", [
        [2 ** 25, 3],
        [2 ** 25, -1],
      ]),
    ).toEqual([2 ** 50 - 3]);
  });
});

test.each<[name: string, scalar: ScalarName, values: readonly (readonly number[])[], wanted: readonly number[]]>([
  [
    "cross",
    "f32",
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    [-3, 6, -3],
  ],
  ["length", "f32", [[2, 3, 6]], [7]],
  ["length", "f32", [[-(2 ** 100)]], [2 ** 100]],
  ["length", "f32", [[2 ** 100, 2 ** 100]], [Infinity]],
  ["length", "f16", [[300, 300]], [Infinity]],
  ["length", "f16", [[1, 1]], [1.4140625]],
  [
    "distance",
    "f32",
    [
      [1, 2],
      [4, -2],
    ],
    [5],
  ],
  ["distance", "f32", [[1], [4]], [3]],
  ["normalize", "f32", [[0, 3, 4]], [0, 3 / 5, 4 / 5].map(Math.fround)],
  [
    "reflect",
    "f32",
    [
      [1, -1],
      [0, 1],
    ],
    [1, 1],
  ],
  [
    "reflect",
    "f32",
    [
      [1, 2, 3],
      [0, 2, 0],
    ],
    [1, -14, 3],
  ],
  ["refract", "f32", [[0, -1], [0, 1], [0.5]], [0, -1]],
  ["refract", "f32", [[1, 0], [0, 1], [2]], [0, 0]],
  ["refract", "f32", [[0.6, -0.8].map(Math.fround), [0, 1], [0.5]], [0.3, -0.9539392].map(Math.fround)],
  [
    "faceForward",
    "f32",
    [
      [1, 2],
      [1, 0],
      [-1, 0],
    ],
    [1, 2],
  ],
  [
    "faceForward",
    "f32",
    [
      [1, 2],
      [1, 0],
      [1, 0],
    ],
    [-1, -2],
  ],
  [
    "faceForward",
    "f32",
    [
      [1, 2],
      [1, 0],
      [0, 1],
    ],
    [-1, -2],
  ],
  ["all", "bool", [[1, 1, 1]], [1]],
  ["all", "bool", [[1, 0, 1]], [0]],
  ["any", "bool", [[0, 0, 1]], [1]],
  ["any", "bool", [[0]], [0]],
  ["modf", "f32", [[1.5, -2.25, 3]], [0.5, -0.25, 0, 1, -2, 3]],
  ["modf", "f32", [[-0.5]], [-0.5, -0]],
  ["frexp", "f32", [[6, -0.75]], [0.75, -0.75, 3, 0]],
  ["frexp", "f32", [[0]], [0, 0]],
  ["frexp", "f32", [[Infinity]], [Infinity, 0]],
])("%s of %s %j", (name, scalar, values, wanted) => {
  expect(value(name, scalar, values)).toEqual(wanted);
});

test("frexp gives a fraction from ½ to 1 and its power of two", () => {
  const each = [...many(1000, () => singleOf(integer(2 ** 32))), 1, 0.5, 1 - 2 ** -24, 2 ** -149, 2 ** -126, 2 ** 127];
  for (const x of each.filter((one) => Number.isFinite(one) && one !== 0)) {
    const [fraction = 0, exponent = 0] = value("frexp", "f32", [[x]]);
    expect(Math.abs(fraction)).toBeGreaterThanOrEqual(0.5);
    expect(Math.abs(fraction)).toBeLessThan(1);
    expect(fraction * 2 ** exponent).toBe(x);
  }
});

describe("matrices", () => {
  test("transpose, by columns", () => {
    expect(value("transpose", "f32", [[1, 2, 3, 4, 5, 6]], 2)).toEqual([1, 4, 2, 5, 3, 6]); // mat2x3
    expect(value("transpose", "f32", [[1, 2, 3, 4, 5, 6]], 3)).toEqual([1, 3, 5, 2, 4, 6]); // mat3x2
    expect(value("transpose", "f32", [[1, 2, 3, 4]], 2)).toEqual([1, 3, 2, 4]);
  });

  /** All products of one element from each row and column, with the sign of the permutation. */
  const determinant = (matrix: readonly number[], size: number): number => {
    const permutations = (left: readonly number[]): number[][] =>
      left.length === 0
        ? [[]]
        : left.flatMap((one) => permutations(left.filter((x) => x !== one)).map((x) => [one, ...x]));
    return permutations(many(size, () => 0).map((_, i) => i))
      .map((rows) => {
        const inversions = rows.flatMap((row, i) => rows.slice(i).filter((other) => other < row)).length;
        const product = rows.reduce((found, row, column) => found * (matrix[column * size + row] ?? 0), 1);
        return inversions % 2 === 0 ? product : -product;
      })
      .reduce((sum, x) => sum + x, 0);
  };

  test.each([2, 3, 4])("determinant of %d columns", (size) => {
    for (const matrix of many(200, () => many(size * size, () => integer(15) - 7))) {
      expect(value("determinant", "f32", [matrix], size)).toEqual([determinant(matrix, size) + 0]);
    }
    // 0.1 · 0.3 − 0.7 · 0.2 in steps of f16
    const [a = 0, b = 0, c = 0, d = 0] = [0.1, 0.7, 0.2, 0.3].map((x) => roundTo(x, "f16"));
    const wanted = roundTo(roundTo(a * d, "f16") - roundTo(b * c, "f16"), "f16");
    expect(value("determinant", "f16", [[a, b, c, d]], 2)).toEqual([wanted]);
  });
});

describe("packed words", () => {
  /** ⌊½ + scale · x⌋ exactly. */
  const code = (x: number, scale: number) => {
    const { over, under } = plus({ over: 1n, under: 2n }, times({ over: BigInt(scale), under: 1n }, ratio(x)));
    return over >= 0n ? over / under : -((under - 1n - over) / under);
  };

  test.each([
    ["4x8snorm", 127, -1],
    ["4x8unorm", 255, 0],
    ["2x16snorm", 32767, -1],
    ["2x16unorm", 65535, 0],
  ] as const)("pack%s and unpack%s", (name, scale, least) => {
    const count = Number(name[0]);
    const width = 32 / count;
    const near = () => Math.fround((integer(2 * scale + 1) - scale + 0.5) / scale);
    const some = () =>
      [near(), Math.fround(uniform() * 4 - 2), singleOf(0x3f000000 + integer(2 ** 24)), 0][integer(4)] ?? 0;
    for (const numbers of many(2000, () => many(count, some))) {
      const wanted = numbers.reduce((word, x, i) => {
        const field = BigInt.asUintN(width, code(Math.min(1, Math.max(least, x)), scale));
        return word | (field << BigInt(width * i));
      }, 0n);
      expect(value(`pack${name}`, "f32", [numbers])).toEqual([Number(wanted)]);
    }
    for (const word of [0, 0xffffffff, 0x80808080, 0x7f807f80, ...many(500, () => integer(2 ** 32))]) {
      const wanted = many(count, () => 0).map((_, i) => {
        const field = (BigInt(word) >> BigInt(width * i)) & ((1n << BigInt(width)) - 1n);
        const over = least === 0 ? field : BigInt.asIntN(width, field);
        return Math.max(-1, nearest({ over, under: BigInt(scale) }, formats.f32));
      });
      expect(value(`unpack${name}`, "u32", [[word]])).toEqual(wanted);
    }
  });

  const int8 = (word: number) => [...new Int8Array(Uint32Array.of(word).buffer)];
  const uint8 = (word: number) => [...new Uint8Array(Uint32Array.of(word).buffer)];
  const packed = (bytes: readonly number[]) => [new Uint32Array(Uint8Array.from(bytes).buffer)[0] ?? 0];
  const sum = (a: readonly number[], b: readonly number[]) => [a.reduce((found, x, i) => found + x * (b[i] ?? 0), 0)];

  test("of bytes", () => {
    for (const word of [0, 0xffffffff, 0x80808080, 0x7f017f01, ...many(500, () => integer(2 ** 32))]) {
      expect(value("unpack4xI8", "u32", [[word]])).toEqual(int8(word));
      expect(value("unpack4xU8", "u32", [[word]])).toEqual(uint8(word));
      const other = integer(2 ** 32);
      expect(value("dot4I8Packed", "u32", [[word], [other]])).toEqual(sum(int8(word), int8(other)));
      expect(value("dot4U8Packed", "u32", [[word], [other]])).toEqual(sum(uint8(word), uint8(other)));
      const small = many(4, () => integer(1200) - 600);
      expect(value("pack4xI8", "i32", [small])).toEqual(packed(small));
      expect(value("pack4xI8Clamp", "i32", [small])).toEqual(
        packed(small.map((x) => Math.max(-128, Math.min(127, x)))),
      );
      const whole = small.map((x) => x >>> 0);
      expect(value("pack4xU8", "u32", [whole])).toEqual(packed(small));
      expect(value("pack4xU8Clamp", "u32", [whole])).toEqual(packed(whole.map((x) => Math.min(255, x))));
    }
  });

  test("of f16: every code", () => {
    for (let bits = 0; bits < 2 ** 16; bits += 2) {
      const word = bits * 2 ** 16 + bits + 1;
      const [low = 0, high = 0, ...more] = value("unpack2x16float", "u32", [[word]]);
      if (more.length > 0 || !Object.is(low, halfOf(bits + 1)) || !Object.is(high, halfOf(bits))) {
        expect.fail(`${word} becomes ${low}, ${high}`);
      }
      const [packed] = value("pack2x16float", "f32", [[low, high]]);
      if (packed !== halfBits(high) * 2 ** 16 + halfBits(low)) expect.fail(`${low}, ${high} become ${packed}`);
    }
    expect(value("pack2x16float", "f32", [[1 + 2 ** -11, 1 + 3 * 2 ** -11]])).toEqual([0x3c023c00]);
  });
});

test("bits of scalars as those of others, as memory has them", () => {
  const memory = { i32: Int32Array, u32: Uint32Array, f32: Float32Array };
  const names = ["i32", "u32", "f32"] as const;
  for (const word of [0, 1, 0x80000000, 0xffffffff - 2 ** 23, 0x3f800001, ...many(50, () => integer(2 ** 32))]) {
    if ((word & 0x7f800000) === 0x7f800000) continue; // infinities and NaN
    const words = [word, 0x40490fdb];
    for (const from of names) {
      const given = [...new memory[from](Uint32Array.from(words).buffer)];
      for (const to of names) {
        expect(bitcastScalars(given, from, to)).toEqual([...new memory[to](Uint32Array.from(words).buffer)]);
      }
    }
  }
  const halves = [1, -2, 65504, 2 ** -24];
  expect(bitcastScalars(halves, "f16", "u32")).toEqual([0xc0003c00, 0x00017bff]);
  expect(bitcastScalars(halves, "f16", "i32")).toEqual([0xc0003c00 | 0, 0x00017bff]);
  expect(bitcastScalars([0xc0003c00, 0x00017bff], "u32", "f16")).toEqual(halves);
  for (const name of names) expect(bitcastScalars(bitcastScalars(halves, "f16", name), name, "f16")).toEqual(halves);
  expect(bitcastScalars(halves, "f16", "f16")).toEqual(halves);
});
