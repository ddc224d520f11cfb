import { describe, expect, test } from "vitest";
import { randomSource } from "../../../../src/check/random.ts";
import { fma, roundHalf } from "../../../../src/wgsl/run/numbers.ts";
import { singleNeighbour } from "../builtins/exact.ts";
import { resultsInFloat64, runBothWays } from "./run-float64.ts";

/** The value and the bound of one number that a body computes from x, y and z. */
function numberOf(body: string, x: number, y = 0, z = 0): { value: number; bound: number } {
  const { elements } = resultsInFloat64(body, [x], { y: [y], z: [z] });
  expect(elements.decided[0]).toBe(0);
  return { value: elements.values[0] as number, bound: elements.bounds[0] as number };
}

const boundOf = (body: string, x: number, y = 0, z = 0): number => numberOf(body, x, y, z).bound;

/** 2^-24 and 2^-23 of the number 1. */
const [unit, ulp] = [2 ** -24, 2 ** -23];

describe("what an operation adds", () => {
  test.each<[body: string, operands: [x: number, y?: number, z?: number], bound: number]>([
    ["result = x[0] + y[0];", [1.1, 2.3], 3.4 * unit],
    ["result = x[0] - y[0];", [100.1, 0.3], 99.8 * unit],
    ["result = x[0] * y[0];", [1.1, 2.3], 2.53 * unit],
    ["result = x[0] / y[0];", [1.1, 2.3], (2.5 * ulp) / 4], // 0.48 is between 2^-2 and 2^-1
    ["result = exp(x[0]);", [3.3], (3 + 6.6) * ulp * 16],
    ["result = exp2(x[0]);", [-3.3], (3 + 6.6) * ulp * 2 ** -4],
    ["result = log(x[0]);", [1.3], 2 ** -21],
    ["result = log2(x[0]);", [0.7], 2 ** -21],
    ["result = log(x[0]);", [20], 3 * ulp * 2],
    ["result = inverseSqrt(x[0]);", [3], 2 * ulp * 0.5],
    ["result = sin(x[0]);", [-3.1], 2 ** -11],
    ["result = cos(x[0]);", [2], 2 ** -11],
    ["result = atan(x[0]);", [2], 4096 * ulp],
    ["result = tanh(x[0]);", [0.1], 1e-5],
    ["result = quantizeToF16(x[0]);", [1.3], 1.3 * 2 ** -11],
    ["result = f32(f16(x[0]));", [1.3], 1.3 * 2 ** -11],
    ["result = f32(n[0] + 16777217u);", [0], 16777217 * unit],
    ["result = unpack4x8unorm(n[0] + 77u).x;", [0], 3.5 * ulp * 0.25],
  ])("%s with %j", (body, operands, expected) => {
    const { bound } = numberOf(body, ...operands);
    expect(bound).toBeGreaterThan(expected * 0.999);
    expect(bound).toBeLessThan(expected * 1.001);
  });

  test.each<[body: string, x: number, y?: number]>([
    ["result = x[0] + y[0];", 1.5, 2.25],
    ["result = x[0] * y[0];", 0.1, 0.5],
    ["result = -abs(x[0]);", 0.1],
    ["result = floor(x[0]) + ceil(x[0]) + trunc(x[0]) + round(x[0]);", 3.7],
    ["result = min(x[0], y[0]) + 0 * max(x[0], y[0]);", 0.1, 0.7],
    ["result = clamp(x[0], 0.25, 0.5);", 0.3],
    ["result = select(y[0], x[0], x[0] < y[0]);", 0.1, 0.7],
    ["result = fma(x[0], y[0], 1);", 0.75, 8],
    ["result = f32(i32(x[0]) * 3);", 3.7],
    ["result = bitcast<f32>(bitcast<u32>(x[0]) ^ 0x80000000u);", 0.1],
    ["result = ldexp(x[0], 5);", 0.1],
    ["result = frexp(x[0]).fract + modf(2.5 * 0 + x[0]).whole;", 0.75],
    ["result = dot(vec3f(x[0], y[0], 2), vec3f(1, 2, 3));", 4, 5],
    ["let m = mat2x2f(x[0], y[0], 1, 2) * vec2f(1, 2); result = m.x + m.y;", 4, 5],
  ])("exact operations add nothing: %s", (body, x, y = 0) => {
    expect(boundOf(body, x, y)).toBe(0);
  });

  test.each<[body: string, x: number, y?: number]>([
    ["result = sin(x[0]);", 3.2],
    ["result = cos(x[0]);", -4],
    ["result = tan(x[0]);", 3.2],
    ["result = x[0] / y[0];", 1, 0],
    ["result = 1 / (x[0] * y[0]);", 1e-20, 1e-20],
    ["result = x[0] * y[0];", 3e30, 3e30],
    ["result = exp(x[0]);", 89],
    ["result = log(x[0]);", 0],
    ["result = sqrt(x[0] * y[0] - y[0] * x[0]);", 0.1, 0.7], // of a negative number, for all that is known
    ["result = determinant(mat2x2f(x[0], y[0], 1, 2));", 1, 2],
    ["result = x[0] - y[0];", Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ["result = x[0] * (floor(y[0] * 10) - 5.5);", Number.POSITIVE_INFINITY, 0.7], // of either sign
  ])("nothing is known of %s with %d and %d", (body, x, y = 0) => {
    expect(boundOf(body, x, y)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("what operations carry on", () => {
  test("cancellation keeps the bound of what is left over", () => {
    const { value, bound } = numberOf("let sum = x[0] + y[0]; result = sum - x[0];", 1e4, 0.123);
    expect(value).toBeCloseTo(0.123, 8);
    expect(bound).toBeGreaterThan(1e4 * unit);
    expect(bound).toBeLessThan(1e4 * unit * 1.01);
  });

  test("the root of a sum, an exponential, a quotient: by their slopes", () => {
    const e = 1.7 * unit; // of x + y, and more is to come
    const root = boundOf("result = sqrt(x[0] + y[0]);", 1.1, 0.6);
    expect(root).toBeGreaterThan(e / (2 * Math.sqrt(1.7)));
    expect(root).toBeLessThan(e / (2 * Math.sqrt(1.7)) + 5 * ulp);
    const carried = (body: string, x: number) => boundOf(`let a = x[0] * 3.3; ${body}`, x);
    const difference = 100 * 3.3 * unit;
    expect(carried("result = exp(a - 300);", 100)).toBeGreaterThan(difference * Math.exp(30));
    const left = boundOf("result = inverseSqrt(x[0] * y[0] - 1.4299);", 1.1, 1.3);
    expect(left).toBeGreaterThan((1.43 * unit * 0.0001 ** -1.5) / 2);
    expect(carried("result = a / 7;", 100)).toBeGreaterThan(difference / 7);
    expect(carried("result = log(a);", 100)).toBeGreaterThan(difference / 330);
    expect(carried("result = max(a, 0);", 100)).toBeCloseTo(difference, 8);
    expect(carried("result = max(a, 400);", 100)).toBe(0);
    expect(carried("result = saturate(a - 330);", 100)).toBeGreaterThan(difference / 2);
  });

  test("a number near a step has the height of the step as its bound", () => {
    expect(boundOf("result = floor(x[0] * 10);", 0.7)).toBeCloseTo(1, 5);
    expect(boundOf("result = floor(x[0] * 10);", 0.75)).toBe(0);
    expect(boundOf("result = exp(floor(x[0] * 10));", 0.7)).toBeGreaterThan(Math.exp(7) - Math.exp(6));
    expect(boundOf("result = f32(u32(x[0] * 10));", 0.7)).toBeCloseTo(1, 5);
    expect(boundOf("result = step(7, x[0] * 10);", 0.7)).toBeCloseTo(1, 5);
    expect(boundOf("result = select(2.0, 5.0, x[0] * 10 < 7);", 0.7)).toBeCloseTo(3, 5);
    expect(boundOf("result = select(2.0, 5.0, x[0] * 10 < 8);", 0.7)).toBe(0);
    expect(boundOf("result = (x[0] * 10) % 7;", 0.7)).toBeGreaterThan(6.9);
    const perpendicular = "vec2f(x[0], y[0]), vec2f(y[0], -x[0])";
    expect(boundOf(`result = faceForward(vec2f(1, 2), ${perpendicular}).x;`, 0.1, 0.7)).toBeCloseTo(2, 5);
  });

  test("subnormal numbers may be zero", () => {
    expect(boundOf("result = x[0] * y[0];", 1e-20, 1e-20)).toBeGreaterThan(1e-40);
    expect(boundOf("result = x[0] * y[0];", 1e-39, 1e20)).toBeGreaterThan(9e-20);
    expect(boundOf("result = x[0];", 1e-39)).toBe(0);
  });

  test("sums over a subgroup, in any order", () => {
    const x = Array.from({ length: 32 }, (_, i) => (i % 2 === 0 ? 1e4 : -1e4) + i / 7);
    const { elements, comparison } = resultsInFloat64("result = subgroupAdd(x[lane]);", x);
    expect(comparison.within).toBe(32);
    expect(elements.bounds[0]).toBeGreaterThan(31 * 32 * 1e4 * unit);
    const scan = resultsInFloat64("result = subgroupExclusiveAdd(x[lane]);", x);
    expect(scan.elements.bounds[0]).toBe(0);
    expect(scan.comparison).toMatchObject({ within: 32 });
    const shuffled = resultsInFloat64("result = subgroupShuffleXor(x[lane] * 1.1, 1);", x);
    expect(shuffled.comparison.within).toBe(32);
    expect(shuffled.elements.values[0]).toBeCloseTo(1.1 * Math.fround(x[1] as number), 3);
    const largest = resultsInFloat64("result = subgroupMax(x[lane] * 1.1);", x);
    expect(largest.elements.bounds[5]).toBeCloseTo(1.1 * 10004.3 * unit, 6);
  });
});

/** Numbers of all sizes. */
function numbers(count: number, seed: number, least = -6, most = 6): number[] {
  const random = randomSource(seed);
  return Array.from({ length: count }, () => {
    const size = 2 ** (least + (most - least) * random.uniform());
    return Math.fround(random.uniform() < 0.5 ? size : -size);
  });
}

describe("results are within their bounds", () => {
  const functions = `x+y x-y x*y x/y x%y -x min(x,y) max(x,y) clamp(x,-y,y) abs(x) floor(x) ceil(x) round(x) trunc(x)
    fract(x) sign(x) saturate(x) step(x,y) smoothstep(x,y,z) mix(x,y,z) degrees(x) radians(x) sqrt(abs(x))
    inverseSqrt(abs(x)) fma(x,y,z) pow(abs(x),y) exp(x) exp2(x) log(abs(x)) log2(abs(x)) sin(x) cos(x) tan(x)
    asin(fract(x)) acos(fract(x)) atan(x) atan2(x,y) sinh(x) cosh(x) tanh(x) asinh(x) acosh(1+abs(x)) atanh(fract(x)/2)
    length(vec3(x,y,z)) distance(vec2(x,y),vec2(z,x)) dot(vec4(x,y,z,x),vec4(y,y,x,z)) cross(vec3(x,y,z),vec3(z,x,y)).y
    normalize(vec3(x,y,z)).z reflect(vec2(x,y),vec2(z,y)).x refract(vec2(x,y),vec2(z,y),x).y
    faceForward(vec2(x,y),vec2(z,y),vec2(x,z)).x modf(x*y).fract modf(x*y).whole frexp(x*y).fract
    determinant(mat2x2(x,y,z,x)) (mat2x2(x,y,z,x)*vec2(y,z)).x ldexp(x,3)`.split(/\s+/);
  const count = 256;
  const [x, y, z] = [1, 2, 3].map((seed) => numbers(count, seed)) as [number[], number[], number[]];

  test.each(functions)("f32: %s", (call) => {
    const body = `let x = x[lane]; let y = y[lane]; let z = z[lane]; result = ${call};`;
    const { comparison, elements } = resultsInFloat64(body, x, { y, z });
    expect(comparison).toMatchObject({ outside: 0, decided: 0 });
    const unknown = call.startsWith("determinant")
      ? count
      : /^(sin|cos|tan|atan2|refract|pow)/.test(call)
        ? count / 2
        : 2;
    expect(comparison.unbounded).toBeLessThanOrEqual(unknown);
    expect(elements.values.some((value) => value !== 0)).toBe(true);
  });

  test.each(functions.filter((call) => !call.startsWith("determinant")))("f16: %s", (call) => {
    const body = `let x = f16(x[lane]); let y = f16(y[lane]); let z = f16(z[lane]); result = f32(${call});`;
    const { comparison } = resultsInFloat64(body, x, { y, z });
    expect(comparison).toMatchObject({ outside: 0, decided: 0 });
    expect(comparison.within).toBeGreaterThan(count / 4);
  });

  test("a product and a sum, rounded once or twice", () => {
    const both = ["fma(x, y, z)", "x * y + z"].map(
      (call) =>
        resultsInFloat64(`let x = x[lane]; let y = y[lane]; let z = z[lane]; result = ${call};`, x, { y, z }).elements,
    );
    for (const [i, a] of x.entries()) {
      const [b, c] = [y[i] as number, z[i] as number];
      for (const result of [Math.fround(fma(a, b, c)), Math.fround(Math.fround(a * b) + c)]) {
        for (const { values, bounds } of both) {
          expect(Math.abs(result - (values[i] as number))).toBeLessThanOrEqual(bounds[i] as number);
        }
      }
    }
  });

  test("numbers that are rounded up or down, where rounding may be any", () => {
    const body = "result = x[lane] * y[lane];";
    const { elements } = resultsInFloat64(body, x, { y }, { rounding: "any" });
    const nearest = resultsInFloat64(body, x, { y }).elements;
    let beyond = 0;
    for (const [i, value] of elements.values.entries()) {
      const near = Math.fround(value);
      const other = singleNeighbour(near, Math.abs(near) < Math.abs(value) ? 1 : -1);
      for (const result of [near, other]) {
        expect(Math.abs(result - value)).toBeLessThanOrEqual(elements.bounds[i] as number);
      }
      if (Math.abs(other - value) > (nearest.bounds[i] as number)) beyond++;
    }
    expect(beyond).toBeGreaterThan(count / 4);
  });

  test("packed words: known where all of what may be packed gives one word", () => {
    const code = `@group(0) @binding(0) var<storage, read> x: array<f32>;
      @group(0) @binding(1) var<storage, read_write> out: array<u32>;
      @compute @workgroup_size(${count}) fn main(@builtin(local_invocation_index) lane: u32) {
        let x = x[lane] * 1.01;
        out[lane] = pack2x16float(vec2f(x, 1)); out[lane + ${count}] = pack4x8snorm(vec4f(x / 64));
        out[lane + ${2 * count}] = bitcast<u32>(x) >> 31u;
      }`;
    const { out } = runBothWays(code, { x: Float32Array.from(x), out: new Uint32Array(3 * count) });
    expect(out?.comparison.outside).toBe(0);
    expect(out?.comparison.within).toBeGreaterThan(2.9 * count);
  });

  test("f16 in memory is known by its own bits and bound", () => {
    const code = `enable f16; @group(0) @binding(0) var<storage, read> x: array<f32>;
      @group(0) @binding(1) var<storage, read_write> out: array<vec3h>;
      @compute @workgroup_size(${count}) fn main(@builtin(local_invocation_index) lane: u32) {
        let x = f16(x[lane]); out[lane] = vec3h(x, x * x, out[lane].z); out[lane].z += out[lane].y;
      }`;
    const { out } = runBothWays(code, { x: Float32Array.from(x), out: new Uint16Array(4 * count) });
    expect(out?.comparison).toMatchObject({ outside: 0, decided: 0, unbounded: 0, within: 3 * count });
    const [square, bound] = [out?.elements.values[1] as number, out?.elements.bounds[1] as number];
    expect(square).toBe((x[0] as number) ** 2);
    expect(bound).toBeGreaterThanOrEqual(Math.abs(roundHalf(roundHalf(x[0] as number) ** 2) - square));
    expect(bound).toBeLessThan(square * 2 ** -8);
  });
});
