// Numbers of WGSL's types, against exact ratios: every code of f16, every number half way between two of them, sums of
// products that no double holds.
import { describe, expect, test } from "vitest";
import { randomSource } from "../../../../src/check/random.ts";
import {
  exponentOf,
  floatBits,
  floatOf,
  floatToInteger,
  fma,
  halfBits,
  halfOf,
  powerOfTwo,
  roundHalf,
  roundTo,
  scaled,
} from "../../../../src/wgsl/run/numbers.ts";
import { compared, formats, lengthOf, nearest, neighbour, plus, ratio, singleOf, times } from "./exact.ts";

/** The first few of what differs; empty where all agree. */
function differences<T>(cases: Iterable<T>, found: (one: T) => number, expected: (one: T) => number): string[] {
  const wrong: string[] = [];
  for (const one of cases) {
    const [actual, wanted] = [found(one), expected(one)];
    if (!Object.is(actual + 0, wanted + 0)) wrong.push(`${String(one)}: ${actual}, expected ${wanted}`);
    if (wrong.length > 9) break;
  }
  return wrong;
}

/** Random doubles of any sign with exponents from `least` to `most`. */
function* doubles(seed: number, count: number, least: number, most: number): Generator<number> {
  const { uniform, integer } = randomSource(seed);
  for (let i = 0; i < count; i++) {
    const magnitude = (1 + uniform() + uniform() * 2 ** -32) * 2 ** (least + integer(most - least + 1));
    yield uniform() < 0.5 ? magnitude : -magnitude;
  }
}

describe("f16", () => {
  const infinity = 0x7c00;
  const finite = Array.from({ length: infinity }, (_, code) => code);
  /** By the definition of the format, of a code without sign. */
  const numberOf = (code: number) =>
    code < 1024 ? code / 2 ** 24 : ((1024 + (code % 1024)) / 1024) * 2 ** (Math.floor(code / 1024) - 15);

  test("each of the 2^16 codes is its number, and back", () => {
    for (const sign of [0, 0x8000]) {
      const signed = (code: number) => (sign === 0 ? numberOf(code) : -numberOf(code));
      for (const code of finite) {
        const value = halfOf(sign | code);
        if (!Object.is(value, signed(code))) expect.fail(`code ${sign | code} is ${value}`);
        if (!Object.is(roundHalf(value), value)) expect.fail(`${value} becomes ${roundHalf(value)}`);
        if (halfBits(value) !== (sign | code)) expect.fail(`${value} has code ${halfBits(value)}`);
      }
      expect(halfOf(sign | infinity)).toBe(sign === 0 ? Infinity : -Infinity);
      expect(halfBits(halfOf(sign | infinity))).toBe(sign | infinity);
      for (let code = infinity + 1; code < 0x8000; code++) expect(halfOf(sign | code)).toBeNaN();
    }
    expect(roundHalf(NaN)).toBeNaN();
    expect(halfBits(NaN)).toBe(0x7e00);
  });

  test("half way between two neighbours it is the even one, beside that the nearer", () => {
    for (const code of finite) {
      const below = numberOf(code);
      const next = code + 1 === infinity ? 65536 : numberOf(code + 1);
      const above = code + 1 === infinity ? Infinity : next;
      const middle = (below + next) / 2;
      for (const [x, wanted] of [
        [middle, code % 2 === 0 ? below : above],
        [neighbour(middle, -1n), below],
        [neighbour(middle, 1n), above],
        [neighbour(next, -1n), above],
        [neighbour(below, 1n), below],
      ] as const) {
        if (roundHalf(x) !== wanted || !Object.is(roundHalf(-x), -wanted)) {
          expect.fail(`${x} becomes ${roundHalf(x)}, and its negative ${roundHalf(-x)}, expected ${wanted}`);
        }
      }
    }
  });

  test("any double becomes the nearest one", () => {
    const cases = [...doubles(1, 20_000, -30, 17), Number.MIN_VALUE, Number.MAX_VALUE, 2 ** -149, 2 ** 200];
    expect(differences(cases, roundHalf, (x) => nearest(ratio(x), formats.f16))).toEqual([]);
    expect([roundHalf(Infinity), roundHalf(-Infinity)]).toEqual([Infinity, -Infinity]);
  });
});

test.each([
  ["f32", 0.1, Math.fround(0.1)],
  ["f32", 2 ** 24 + 1, 2 ** 24],
  ["f16", 1.0004, 1],
  ["i32", 2 ** 31, -(2 ** 31)],
  ["i32", -1, -1],
  ["u32", -1, 2 ** 32 - 1],
  ["u32", 2 ** 32 + 5, 5],
  ["bool", -0, 0],
  ["bool", 0.5, 1],
  ["bool", NaN, 1],
  ["abstract-int", 2 ** 40 + 1, 2 ** 40 + 1],
  ["abstract-float", 0.1, 0.1],
] as const)("%s of %f is %f", (scalar, value, wanted) => {
  expect(roundTo(value, scalar)).toBe(wanted);
});

test("bits of f32", () => {
  for (const [value, bits] of [
    [1, 0x3f800000],
    [-0, 0x80000000],
    [2 ** -149, 1],
    [-Infinity, 0xff800000],
  ] as const) {
    expect(floatBits(value)).toBe(bits);
    expect(floatOf(bits)).toBe(value);
  }
  expect(floatOf(0x7fc00000)).toBeNaN();
});

describe("fma", () => {
  type Triple = readonly [a: number, b: number, c: number];
  const exact = ([a, b, c]: Triple) => plus(times(ratio(a), ratio(b)), ratio(c));
  const allFinite = (triple: Triple) => triple.every(Number.isFinite);
  const { uniform, integer } = randomSource(2);
  const sign = () => (uniform() < 0.5 ? -1 : 1);
  const near = (exponent: number) => Math.fround(sign() * (1 + uniform()) * 2 ** exponent);
  const word = () => singleOf(integer(2 ** 32));

  /** c, and a product near half of a unit of its last place. */
  const nearMiddle = (): Triple => {
    const exponent = integer(60) - 30;
    const [i, j] = [integer(4), integer(4)];
    const power = integer(20) - 10;
    const a = sign() * (1 + i * 2 ** -23) * 2 ** (exponent - 24 + power);
    return [a, (1 - j * 2 ** -24) * 2 ** -power, near(exponent)];
  };
  /** A product half way between two f32, and a c that no double keeps beside it. */
  const productInMiddle = (): Triple => {
    const a = Math.fround(1 + (2 * integer(2 ** 11) + 1) * 2 ** -12);
    return [a, sign() * (1 + 2 ** -12), near(-40 - integer(90))];
  };
  const small = (): Triple => [near(-70 - integer(10)), near(-70 - integer(10)), near(-130 - integer(19))];
  const edges = [0, -0, 2 ** -149, 2 ** -126, 2 ** -126 - 2 ** -149, 1, -1, 1 + 2 ** -23, 1 - 2 ** -24, 1 + 2 ** -12]
    .concat([Math.fround(0.1), 3, 2 ** -80, 2 ** -24, 2 ** 24 - 1, 2 ** 24, 2 ** 24 + 2, 2 ** 31, -(2 ** 31), 2 ** 32])
    .concat([(2 - 2 ** -23) * 2 ** 127, -(2 - 2 ** -23) * 2 ** 127]);
  const many = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);
  const triples: readonly Triple[] = [
    ...many(20_000, (): Triple => [word(), word(), word()]).filter(allFinite),
    ...many(30_000, (): Triple => [near(integer(9)), near(integer(9)), near(integer(17))]),
    ...many(20_000, nearMiddle),
    ...many(10_000, productInMiddle),
    ...many(10_000, small),
    ...edges.flatMap((a) => edges.flatMap((b) => edges.map((c): Triple => [a, b, c]))),
  ];
  const toSingle = (triple: Triple) => nearest(exact(triple), formats.f32);

  test("rounded to f32 it is the nearest of the exact sum, where a sum of doubles is not", () => {
    expect(triples.length).toBeGreaterThan(100_000);
    expect(differences(triples, ([a, b, c]) => Math.fround(fma(a, b, c)), toSingle)).toEqual([]);
    const plain = triples.filter(([a, b, c]) => Math.fround(a * b + c) !== toSingle([a, b, c]));
    expect(plain.length).toBeGreaterThan(1000);
  });

  test("rounded to f16, too", () => {
    const halves = many(20_000, (): Triple => [0, 0, 0].map(() => halfOf(integer(2 ** 16))) as unknown as Triple);
    const cases = halves.filter(allFinite);
    const toHalf = (triple: Triple) => nearest(exact(triple), formats.f16);
    expect(differences(cases, ([a, b, c]) => roundHalf(fma(a, b, c)), toHalf)).toEqual([]);
    const twice = cases.filter((one) => roundHalf(toSingle(one)) !== toHalf(one));
    expect(twice.length, "sums that rounding to f32 before f16 changes").toBeGreaterThan(0);
  });

  test("infinities and NaN are those of the sum", () => {
    expect(fma(Infinity, 2, 1)).toBe(Infinity);
    expect(fma(3, 4, -Infinity)).toBe(-Infinity);
    expect(fma(Infinity, 0, 1)).toBeNaN();
    expect(fma(Infinity, 1, -Infinity)).toBeNaN();
    expect(fma(NaN, 1, 1)).toBeNaN();
  });
});

describe("a float as an integer", () => {
  test.each([
    ["i32", "f32", 1e20, 2147483520],
    ["i32", "f32", -1e20, -2147483648],
    ["u32", "f32", 1e20, 4294967040],
    ["u32", "f32", -1, 0],
    ["i32", "f32", -3.9, -3],
    ["u32", "f32", 3.9, 3],
    ["i32", "f32", -0.5, 0],
    ["i32", "f16", Infinity, 65504],
    ["i32", "f16", -Infinity, -65504],
    ["u32", "f16", Infinity, 65504],
    ["i32", "abstract-float", 2147483647.5, 2147483647],
    ["u32", "abstract-float", 4294967295.5, 4294967295],
    ["i32", "f32", NaN, 0],
    ["u32", "f16", NaN, 0],
  ] as const)("%s of %s %f", (to, from, x, wanted) => {
    expect(floatToInteger(x, to, from)).toBe(wanted);
  });

  test("is between the least and the largest f32 of the type, and truncated", () => {
    const words = randomSource(3);
    const cases = Array.from({ length: 20_000 }, () => singleOf(words.integer(2 ** 32))).filter(Number.isFinite);
    for (const [to, least, most] of [
      ["i32", -(2n ** 31n), 2n ** 31n - 2n ** 7n],
      ["u32", 0n, 2n ** 32n - 2n ** 8n],
    ] as const) {
      const expected = (x: number) => {
        const { over, under } = ratio(x);
        const whole = over / under;
        if (whole < least) return Number(least);
        return whole > most ? Number(most) : Number(whole);
      };
      expect(differences(cases, (x) => floatToInteger(x, to, "f32"), expected)).toEqual([]);
    }
  });
});

describe("powers of two", () => {
  test("each that a double has", () => {
    for (let n = -1074; n < 1024; n++) {
      const { over, under } = ratio(powerOfTwo(n));
      expect(n < 0 ? under / over : over / under).toBe(2n ** BigInt(Math.abs(n)));
    }
  });

  const cases = [...doubles(4, 2000, -1050, 1023), 2 ** -1074, 2 ** -1022, 1, 2 - 2 ** -52, 2 ** 127, Number.MAX_VALUE];
  test("the largest power within a number", () => {
    const expected = (x: number) => {
      const { over, under } = ratio(Math.abs(x));
      return under === 1n ? lengthOf(over) - 1 : lengthOf((over << 1100n) / under) - 1101;
    };
    const near = cases.flatMap((x) => [x, neighbour(2 ** expected(x), 1n), neighbour(2 ** expected(x), -1n)]);
    const finite = near.filter((x) => x !== 0 && Number.isFinite(x));
    expect(differences(finite, exponentOf, expected)).toEqual([]);
    expect([0, Infinity, NaN].map(exponentOf)).toEqual([0, 0, 0]);
  });

  test("a number times any of them, rounded once", () => {
    const { integer } = randomSource(5);
    const pairs = cases.map((x) => [x, integer(5000) - 2500] as const);
    const product = (x: number, n: number) =>
      times(ratio(x), n < 0 ? { over: 1n, under: 2n ** BigInt(-n) } : { over: 2n ** BigInt(n), under: 1n });
    const normal = pairs.filter(([x, n]) => {
      const { over, under } = product(x, n);
      return compared({ over: over < 0n ? -over : over, under }, ratio(2 ** -1022)) >= 0;
    });
    const expected = ([x, n]: readonly [number, number]) => nearest(product(x, n), formats.f64);
    expect(differences(normal, ([x, n]) => scaled(x, n), expected)).toEqual([]);
    expect([scaled(1, -1074), scaled(1, -1e9), scaled(-1, 1e9)]).toEqual([2 ** -1074, 0, -Infinity]);
    expect(normal.length).toBeGreaterThan(500);
  });
});
