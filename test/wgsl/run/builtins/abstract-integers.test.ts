import { describe, expect, test } from "vitest";
import { fitsAbstract, wholeNumberFunction } from "../../../../src/wgsl/run/check/abstract-integers.ts";

const [most, least] = [2n ** 63n - 1n, -(2n ** 63n)];

describe("abstract integers have all digits", () => {
  test.each<[name: string, operands: readonly bigint[], wanted: bigint]>([
    ["+", [2n ** 53n, 1n], 2n ** 53n + 1n],
    ["+", [most, 1n], most + 1n], // out of range, which is for the checker to refuse
    ["-", [0n, 2n ** 33n], -(2n ** 33n)],
    ["*", [3_037_000_499n, 3_037_000_499n], 9_223_372_030_926_249_001n],
    ["/", [most, 2n], 2n ** 62n - 1n],
    ["/", [-7n, 2n], -3n],
    ["/", [-1n, 2n], 0n],
    ["/", [7n, 0n], 7n],
    ["/", [least, -1n], most + 1n],
    ["%", [-7n, 2n], -1n],
    ["%", [-4n, 2n], 0n],
    ["%", [4n, 0n], 0n],
    ["%", [least, -1n], most + 1n],
    ["&", [most, 1n], 1n],
    ["&", [-1n, 2n ** 50n], 2n ** 50n],
    ["|", [2n ** 60n, 3n], 2n ** 60n + 3n],
    ["^", [-1n, 5n], -6n],
    ["~", [most], least],
    ["<<", [3n, 40n], 3n * 2n ** 40n],
    ["<<", [-1n, 63n], least],
    ["<<", [0n, 4_294_967_295n], 0n],
    [">>", [-5n, 1n], -3n],
    [">>", [2n ** 62n, 45n], 2n ** 17n],
    [">>", [1n, 4_294_967_295n], 0n],
    [">>", [-1n, 100n], -1n],
    ["negate", [0n], 0n],
    ["negate", [least], least],
    ["abs", [-(2n ** 60n)], 2n ** 60n],
    ["abs", [least], least],
    ["sign", [-9n], -1n],
    ["sign", [0n], 0n],
    ["min", [3n, -4n], -4n],
    ["max", [2n ** 53n, 2n ** 53n + 1n], 2n ** 53n + 1n],
    ["clamp", [9n, 1n, 4n], 4n],
    ["select", [1n, 2n ** 60n + 1n, 1n], 2n ** 60n + 1n],
    ["==", [2n ** 53n, 2n ** 53n + 1n], 0n],
    ["!=", [2n ** 53n, 2n ** 53n + 1n], 1n],
    ["<", [2n ** 53n, 2n ** 53n + 1n], 1n],
    [">=", [2n ** 53n, 2n ** 53n + 1n], 0n],
  ])("%s of %s is %s", (name, [a = 0n, b = 0n, c = 0n], wanted) => {
    expect(wholeNumberFunction(name)?.(a, b, c)).toBe(wanted);
  });
});

test("64 bits hold them, and other functions have none", () => {
  expect([least - 1n, least, 0n, most, most + 1n].map(fitsAbstract)).toEqual([false, true, true, true, false]);
  expect(["sqrt", "&&", "toString"].map((name) => wholeNumberFunction(name)?.(1n, 1n, 1n))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
