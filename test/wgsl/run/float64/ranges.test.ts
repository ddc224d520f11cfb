// Ranges of integers hold all that their operands may give, which is tried out.
import { expect, test } from "vitest";
import { type RandomSource, randomSource } from "../../../../src/check/random.ts";
import {
  bitsBetween,
  floatsWithBits,
  magnitudeBitsBetween,
  type Range,
  rangeOf,
  readAs,
} from "../../../../src/wgsl/run/float64/ranges.ts";
import { floatBits, floatOf } from "../../../../src/wgsl/run/numbers.ts";
import { scalarFunction } from "../../../../src/wgsl/run/operations.ts";

const corners = [0, 1, 7, 31, 0x7f800000, 0x7fffffff, 0x80000000, 0xff800000, 0xffffffff];

/** Up to eight numbers near a corner, or one. */
function rangeNear(random: RandomSource, isSigned: boolean): Range {
  const corner = corners[random.integer(corners.length)] as number;
  const start = Math.max(0, Math.min(0xfffffff0, corner + random.integer(9) - 6));
  const [least, most] = [start, start + (random.integer(3) === 0 ? 0 : random.integer(8))];
  return readAs([least, most], isSigned) ?? [least | 0, least | 0];
}

const numbersIn = ([least, most]: Range): number[] => Array.from({ length: most - least + 1 }, (_, i) => least + i);

const both = ["+", "-", "*", "/", "%", "&", "|", "^", "~", "<<", ">>", "min", "max", "==", "!=", "<", "<=", ">", ">="];

test.each([
  ...both.map((name) => ["u32", name] as const),
  ...[...both, "negate", "abs"].map((name) => ["i32", name] as const),
])("%s %s", (scalar, name) => {
  const isSigned = scalar === "i32";
  const isShift = name === "<<" || name === ">>";
  const apply = scalarFunction(name, scalar) as (a: number, b: number, c: number, d: number) => number;
  const random = randomSource(name.length + both.indexOf(name));
  const outside: string[] = [];
  let known = 0;
  for (let turn = 0; turn < 200; turn++) {
    const [a, b] = [rangeNear(random, isSigned), rangeNear(random, isSigned && !isShift)];
    const found = rangeOf(name, scalar, a, b, undefined);
    if (!found) continue;
    known++;
    const isComparison = /^[=!<>]=?$/.test(name);
    const own = isComparison ? found : readAs(found, isSigned);
    for (const x of numbersIn(a)) {
      for (const y of numbersIn(b)) {
        const word = apply(x, y, 0, 0);
        const result = isComparison ? word : isSigned ? word | 0 : word >>> 0;
        if (own && (result < own[0] || result > own[1]))
          outside.push(`of ${x} and ${y} it is ${result}, not in ${own}`);
      }
    }
  }
  expect(outside.slice(0, 3)).toEqual([]);
  expect(known).toBeGreaterThan(30);
});

test("a range that is one number, or that an operation keeps its width", () => {
  const [key, sign] = [0x3f800000, 0x80000000];
  expect(rangeOf("^", "u32", [key, key + 9], [sign, sign], undefined)).toEqual([key + sign, key + sign + 9]);
  expect(rangeOf("|", "u32", [key, key + 9], [sign, sign], undefined)).toEqual([key + sign, key + sign + 9]);
  expect(rangeOf("~", "u32", [key, key + 9], [0, 0], undefined)).toEqual([0xffffffff - key - 9, 0xffffffff - key]);
  expect(rangeOf("^", "u32", [key, key + 9], [0xffffffff, 0xffffffff], undefined)?.[0]).toBeGreaterThan(0xc0000000);
  expect(rangeOf("&", "u32", [key - 9, key + 9], [0x7f800000, 0x7f800000], undefined)).toEqual([0x3f000000, key]);
  expect(rangeOf("clamp", "i32", [-9, 9], [-2, -2], [3, 3])).toEqual([-2, 3]);
});

test("bits of floats, and floats of bits", () => {
  const random = randomSource(3);
  for (let turn = 0; turn < 2000; turn++) {
    const middle = random.normal() * 10 ** (random.integer(9) - 4);
    const size = random.uniform() * 10 ** (random.integer(9) - 6);
    const [low, high] = [Math.fround(middle - size), Math.fround(middle + size)];
    const bits = bitsBetween(low, high);
    const magnitudes = magnitudeBitsBetween(low, high);
    const words = Array.from({ length: 11 }, (_, i) => Math.fround(low + ((high - low) * i) / 10))
      .filter((x) => x >= low && x <= high)
      .map(floatBits);
    expect(words.every((word) => word >= bits[0] && word <= bits[1])).toBe(true);
    const sizes = words.map((word) => word & 0x7fffffff);
    expect(sizes.every((word) => word >= magnitudes[0] && word <= magnitudes[1])).toBe(true);
    if (low > 0 || high < 0) expect(floatsWithBits(bits)).toEqual([low, high]);
  }
  expect(floatsWithBits([0x7f7fffff, 0x7f800001])).toBeUndefined();
  expect(floatsWithBits([floatBits(1), floatBits(-1)])).toBeUndefined();
  expect(floatsWithBits([floatBits(2), floatBits(3)])).toEqual([floatOf(0x40000000), 3]);
});
