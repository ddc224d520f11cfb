// Transcendental functions against series to 100 digits: their errors in units of the last place of a double.
import { describe, expect, test } from "vitest";
import { randomSource } from "../../../../src/check/random.ts";
import * as circular from "../../../../src/wgsl/run/numbers-circular.ts";
import * as exponential from "../../../../src/wgsl/run/numbers-exponential.ts";
import { singleNeighbour } from "./exact.ts";
import { type Exact, fixedPoint } from "./fixed-point.ts";

const { of, functions, ulps } = fixedPoint(512);
const { uniform } = randomSource(1);

type Point = readonly [x: number, y?: number];
const points = (count: number, make: () => Point): Point[] => Array.from({ length: count }, make);
const between = (least: number, most: number) => least + (most - least) * uniform();
const signed = (x: number) => (uniform() < 0.5 ? x : -x);
/** Of any size from 2^least to 2^most, either f64 or f32. */
const sized = (least: number, most: number) => {
  const x = (1 + uniform()) * 2 ** Math.floor(between(least, most));
  return uniform() < 0.5 ? x : Math.fround(x);
};
const range = (least: number, most: number) => points(200, () => [between(least, most)]);
const sizes = (least: number, most: number) => points(200, () => [signed(sized(least, most))]);
/** Beside multiples of π/2, where sines or cosines are near 0; the last one is the nearest to any up to 2^20. */
const turns = Array.from({ length: 100 }, (_, i) => (i + 1) ** 3 * (Math.PI / 2))
  .flatMap((x) => [x, -x, Math.fround(x), x + 2 ** -26])
  .concat(321307.9594422229)
  .map((x): Point => [x]);
const angles = [...sizes(-20, 1), ...sizes(0, 20), ...sizes(20, 127), ...turns];

const cases: readonly (readonly [name: keyof typeof functions, worst: number, points: readonly Point[]])[] = [
  ["exp", 1, [...range(-150, 709), ...range(-1, 1), ...sizes(-60, -1)]],
  ["exp2", 1, [...range(-200, 1023), ...range(-1, 1), ...sizes(-60, -1)]],
  [
    "log",
    1,
    [...points(200, () => [sized(-126, 127)]), ...range(0.5, 2), ...sizes(-40, -2).map(([x]): Point => [1 + x])],
  ],
  [
    "log2",
    2,
    [...points(200, () => [sized(-126, 127)]), ...range(0.5, 2), ...sizes(-40, -2).map(([x]): Point => [1 + x])],
  ],
  [
    "pow",
    2,
    [
      ...points(200, () => [sized(-20, 20), between(-5, 5)]),
      ...points(200, () => [sized(-2, 2), signed(sized(-3, 6))]),
      ...points(200, () => [between(0.999, 1.001), signed(sized(10, 16))]),
    ],
  ],
  ["pow", 8, points(200, () => [between(0.9, 3), between(1, 600)])],
  ["sin", 2, angles],
  ["cos", 2, angles],
  ["tan", 3, angles],
  ["asin", 3, [...range(-1, 1), ...sizes(-40, -2), ...sizes(-40, -2).map(([x]): Point => [1 - Math.abs(x)])]],
  ["acos", 3, [...range(-1, 1), ...sizes(-40, -2), ...sizes(-40, -2).map(([x]): Point => [Math.abs(x) - 1])]],
  ["atan", 2, [...range(-2, 2), ...sizes(-40, 40)]],
  [
    "atan2",
    3,
    [
      ...points(400, () => [between(-1, 1), between(-1, 1)]),
      ...points(200, () => [signed(sized(-30, 30)), signed(sized(-30, 30))]),
    ],
  ],
  ["sinh", 3, [...range(-709, 709), ...range(709, 710.4), ...range(-2, 2), ...sizes(-40, 0)]],
  ["cosh", 3, [...range(-709, 709), ...range(709, 710.4), ...range(-2, 2), ...sizes(-40, 0)]],
  ["tanh", 3, [...range(-20, 20), ...range(-2, 2), ...sizes(-40, 0)]],
  ["asinh", 3, [...range(-2, 2), ...sizes(-40, 100)]],
  ["acosh", 3, [...range(1, 3), ...points(200, () => [1 + sized(-40, 100)])]],
  ["atanh", 3, [...range(-1, 1), ...sizes(-40, -1), ...sizes(-40, -2).map(([x]): Point => [1 - Math.abs(x)])]],
];

type Double = (x: number, y: number) => number;
const own: Readonly<Record<keyof typeof functions, Double>> = Object.assign({}, exponential, circular);

describe("the error in units of the last place", () => {
  test.each(cases)("of %s is at most %i", (name, most, at) => {
    const exact: Exact = functions[name];
    let worst = 0;
    let where: Point = [0];
    for (const [x, y = 0] of at) {
      const error = ulps(own[name](x, y), exact(of(x), of(y)));
      if (error > worst) [worst, where] = [error, [x, y]];
    }
    expect(worst, `${name} of ${where.join(", ")}`).toBeLessThanOrEqual(most);
    expect(worst, "a double cannot be exact everywhere").toBeGreaterThan(0.3);
  });
});

test("angles up to the largest double are reduced exactly", () => {
  const wide = fixedPoint(1400);
  for (const x of [1e22, 2 ** 1000, Number.MAX_VALUE, 6381956970095103 * 2 ** 797]) {
    for (const name of ["sin", "cos", "tan"] as const) {
      const exact: Exact = wide.functions[name];
      for (const angle of [x, -x]) {
        expect(wide.ulps(own[name](angle, 0), exact(wide.of(angle), 0n)), `${name}(${angle})`).toBeLessThan(3);
      }
    }
  }
  const edge = 2 ** 20;
  for (const x of [edge, singleNeighbour(edge, 1), singleNeighbour(edge, -1)]) {
    expect(ulps(circular.sin(x), functions.sin(of(x)))).toBeLessThan(2);
  }
});

test.each<[name: keyof typeof functions, arguments: Point, value: number]>([
  ["exp", [0], 1],
  ["exp", [-Infinity], 0],
  ["exp", [Infinity], Infinity],
  ["exp", [710], Infinity],
  ["exp", [-746], 0],
  ["exp", [NaN], NaN],
  ["exp2", [10], 1024],
  ["exp2", [-1074], 2 ** -1074],
  ["exp2", [1023], 2 ** 1023],
  ["exp2", [1024], Infinity],
  ["exp2", [-2000], 0],
  ["log", [1], 0],
  ["log", [0], -Infinity],
  ["log", [-0], -Infinity],
  ["log", [-1], NaN],
  ["log", [Infinity], Infinity],
  ["log2", [2 ** -1074], -1074],
  ["log2", [2 ** 127], 127],
  ["log2", [0], -Infinity],
  ["log2", [-2], NaN],
  ["pow", [2, 10], 1024],
  ["pow", [0, 2], 0],
  ["pow", [0, -2], Infinity],
  ["pow", [0, 0], 1],
  ["pow", [1, 1e300], 1],
  ["pow", [-2, 2], NaN],
  ["pow", [2, 1e300], Infinity],
  ["pow", [2, -1e300], 0],
  ["pow", [Infinity, -1], 0],
  ["sin", [0], 0],
  ["sin", [Infinity], NaN],
  ["cos", [0], 1],
  ["cos", [NaN], NaN],
  ["tan", [-Infinity], NaN],
  ["asin", [1], Math.PI / 2],
  ["asin", [-0], -0],
  ["asin", [1.5], NaN],
  ["acos", [1], 0],
  ["acos", [-1], Math.PI],
  ["acos", [-2], NaN],
  ["atan", [Infinity], Math.PI / 2],
  ["atan", [-0], -0],
  ["atan", [-1], -Math.PI / 4],
  ["atan", [NaN], NaN],
  ["atan2", [0, 0], 0],
  ["atan2", [0, -1], Math.PI],
  ["atan2", [-0, -1], -Math.PI],
  ["atan2", [0, -0], Math.PI],
  ["atan2", [-0, -0], -Math.PI],
  ["atan2", [1, 0], Math.PI / 2],
  ["atan2", [-1, 0], -Math.PI / 2],
  ["atan2", [1, -1], Math.PI * 0.75],
  ["sinh", [-0], -0],
  ["sinh", [-1000], -Infinity],
  ["cosh", [0], 1],
  ["cosh", [1000], Infinity],
  ["tanh", [1000], 1],
  ["tanh", [-Infinity], -1],
  ["tanh", [-0], -0],
  ["asinh", [-0], -0],
  ["asinh", [-Infinity], -Infinity],
  ["acosh", [1], 0],
  ["acosh", [0.5], NaN],
  ["acosh", [Infinity], Infinity],
  ["atanh", [1], Infinity],
  ["atanh", [-1], -Infinity],
  ["atanh", [2], NaN],
  ["atanh", [-0], -0],
])("%s of %j is %f", (name, [x, y = 0], value) => {
  expect(own[name](x, y)).toBe(value);
});
