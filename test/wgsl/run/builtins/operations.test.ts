// Operators and builtin functions of one scalar each: which exist for which type, values that WGSL names, and what NaN
// becomes. Whole tables against exact arithmetic are in operations-exact.test.ts.
import { expect, test } from "vitest";
import { roundTo } from "../../../../src/wgsl/run/numbers.ts";
import { scalarFunction } from "../../../../src/wgsl/run/operations.ts";
import type { ScalarName } from "../../../../src/wgsl/run/types.ts";

/** The value of an operation, rounded to its type. */
function value(name: string, scalar: ScalarName, a: number, b = 0, c = 0, d = 0): number {
  const apply = scalarFunction(name, scalar);
  if (!apply) throw new RangeError(`${scalar} has no ${name}`);
  return roundTo(apply(a, b, c, d), scalar);
}

const scalars: readonly ScalarName[] = ["bool", "i32", "u32", "f32", "f16", "abstract-int", "abstract-float"];
const floats: readonly ScalarName[] = ["f32", "f16", "abstract-float"];
const signed: readonly ScalarName[] = ["i32", ...floats];
const numbers: readonly ScalarName[] = ["u32", ...signed];
const words: readonly ScalarName[] = ["i32", "u32"];

test.each<[names: string, types: readonly ScalarName[]]>([
  ["== != select", ["bool", ...numbers]],
  ["& |", ["bool", ...words]],
  ["!", ["bool"]],
  ["^ ~ << >>", words],
  ["+ - * / % < <= > >= min max clamp abs", numbers],
  ["negate sign", signed],
  ["countOneBits countLeadingZeros countTrailingZeros firstLeadingBit firstTrailingBit", words],
  ["reverseBits extractBits insertBits", words],
  ["ceil floor trunc round fract saturate step smoothstep mix degrees radians sqrt inverseSqrt ldexp fma", floats],
  ["exp exp2 log log2 pow sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh", floats],
  ["quantizeToF16", ["f32"]],
  ["dot constructor toString && frexp", []],
])("%s: for %s alone", (names, types) => {
  for (const name of names.split(" ")) {
    const has = scalars.filter((scalar) => scalarFunction(name, scalar) !== undefined);
    expect(has.sort(), name).toEqual([...types].sort());
  }
});

test.each<[name: string, scalar: ScalarName, operands: readonly number[], wanted: number]>([
  ["&", "bool", [1, 0], 0],
  ["&", "bool", [1, 1], 1],
  ["|", "bool", [1, 0], 1],
  ["|", "bool", [0, 0], 0],
  ["!", "bool", [0], 1],
  ["!", "bool", [1], 0],
  ["==", "bool", [1, 1], 1],
  ["!=", "bool", [1, 1], 0],
  ["select", "bool", [1, 0, 1], 0],
  ["select", "f32", [1, 2, 0], 1],
  ["select", "f16", [1, 2, 1], 2],
  ["negate", "f32", [2], -2],
  ["abs", "f32", [-0], 0],
  ["sign", "f32", [-0], 0],
  ["sign", "f16", [-3], -1],
  ["sign", "f32", [Infinity], 1],
  ["saturate", "f32", [-1], 0],
  ["saturate", "f32", [0.25], 0.25],
  ["saturate", "f16", [7], 1],
  ["clamp", "f32", [5, 3, 1], 1],
  ["step", "f32", [2, 2], 1],
  ["step", "f32", [2, 1.5], 0],
  ["smoothstep", "f32", [1, 3, 0], 0],
  ["smoothstep", "f32", [1, 3, 1.5], 0.15625],
  ["smoothstep", "f32", [1, 3, 9], 1],
  ["smoothstep", "f32", [3, 1, 1.5], 0.84375],
  ["mix", "f32", [2, 10, 0.25], 4],
  ["mix", "f32", [2, 10, 1], 10],
  ["degrees", "f32", [Math.fround(Math.PI)], 180],
  ["radians", "f32", [180], Math.fround(Math.PI)],
  ["inverseSqrt", "f32", [0.0625], 4],
  ["ldexp", "f32", [0.75, 3], 6],
  ["ldexp", "f32", [1, -149], 2 ** -149],
  ["ldexp", "f32", [1, 2000], Infinity],
  ["ldexp", "f16", [3, -25], 2 ** -24 + 2 ** -24],
  ["quantizeToF16", "f32", [Math.fround(0.1)], 0.0999755859375],
  ["fma", "abstract-float", [2, 3, 4], 10],
  ["%", "f32", [-7.5, 2], -1.5],
  ["%", "f16", [7.5, -2], 1.5],
])("%s of %s %j is %f", (name, scalar, [a = 0, b, c], wanted) => {
  expect(value(name, scalar, a, b, c)).toBe(wanted);
});

test("a NaN compares false, so min, max and clamp keep the first operand", () => {
  const one = (name: string, ...operands: readonly number[]) => {
    const [a = 0, b, c] = operands;
    return value(name, "f32", a, b, c);
  };
  for (const name of ["<", "<=", ">", ">=", "=="]) expect(one(name, NaN, NaN), name).toBe(0);
  expect(one("!=", NaN, NaN)).toBe(1);
  expect([one("max", NaN, 1), one("min", NaN, 1), one("clamp", NaN, 0, 1)]).toEqual([NaN, NaN, NaN]);
  expect([one("max", 1, NaN), one("min", 1, NaN)]).toEqual([1, 1]);
});

test.each([
  ["exp", 0.7, Math.exp],
  ["exp2", 0.7, (x: number) => 2 ** x],
  ["log", 0.7, Math.log],
  ["log2", 0.7, Math.log2],
  ["sin", 0.7, Math.sin],
  ["cos", 0.7, Math.cos],
  ["tan", 0.7, Math.tan],
  ["asin", 0.7, Math.asin],
  ["acos", 0.7, Math.acos],
  ["atan", 0.7, Math.atan],
  ["sinh", 0.7, Math.sinh],
  ["cosh", 0.7, Math.cosh],
  ["tanh", 0.7, Math.tanh],
  ["asinh", 0.7, Math.asinh],
  ["acosh", 1.7, Math.acosh],
  ["atanh", 0.7, Math.atanh],
  ["pow", 0.7, (x: number) => x ** 1.5],
  ["atan2", 0.7, (x: number) => Math.atan2(x, 1.5)],
] as const)("%s is the function of that name", (name, x, wanted) => {
  for (const scalar of floats) {
    expect(scalarFunction(name, scalar)?.(x, 1.5, 0, 0)).toBeCloseTo(wanted(x), 12);
  }
});
