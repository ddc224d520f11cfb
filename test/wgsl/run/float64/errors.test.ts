// A GPU that errs in each operation as much as it may: its results are within the bounds, and come near them.
import { expect, test } from "vitest";
import { randomSource } from "../../../../src/check/random.ts";
import { resultsInFloat64 } from "./run-float64.ts";

/** Operations in doubles that are off by what WGSL allows, up or down. Of a ULP they take the least that it may be. */
function erring(seed: number) {
  const random = randomSource(seed);
  const off = (value: number, units: number) => value * (1 + (random.uniform() < 0.5 ? units : -units) * 2 ** -24);
  return {
    add: (a: number, b: number) => off(a + b, 1),
    multiply: (a: number, b: number) => off(a * b, 1),
    divide: (a: number, b: number) => off(a / b, 2.5),
    exp: (x: number) => off(Math.exp(x), 3 + 2 * Math.abs(x)),
    inverseSqrt: (x: number) => off(1 / Math.sqrt(x), 2),
  };
}

type Operations = ReturnType<typeof erring>;

const width = 32;

const computations: readonly (readonly [
  name: string,
  body: string,
  compute: (x: readonly number[], operations: Operations) => readonly number[],
])[] = [
  [
    "a sum of products",
    `for (var i = 0u; i < ${width}; i++) { result += x[i] * x[(i + lane) % ${width}]; }`,
    (x, { add, multiply }) =>
      x.map((_, lane) => x.reduce((sum, value, i) => add(sum, multiply(value, x[(i + lane) % width] as number)), 0)),
  ],
  [
    "a softmax",
    `var sum = 0.0; let most = subgroupMax(x[lane]);
     for (var i = 0u; i < ${width}; i++) { sum += exp(x[i] - most); }
     result = exp(x[lane] - most) / sum;`,
    (x, { add, divide, exp }) => {
      const most = Math.max(...x);
      const sum = x.reduce((all, value) => add(all, exp(add(value, -most))), 0);
      return x.map((value) => divide(exp(add(value, -most)), sum));
    },
  ],
  [
    "a norm of numbers near 10,000",
    `var mean = 0.0; for (var i = 0u; i < ${width}; i++) { mean += 10000 + x[i]; } mean = mean / ${width};
     var square = 0.0; for (var i = 0u; i < ${width}; i++) { let d = 10000 + x[i] - mean; square += d * d; }
     result = (10000 + x[lane] - mean) * inverseSqrt(square / ${width} + 1e-5);`,
    (x, { add, multiply, divide, inverseSqrt }) => {
      const mean = divide(
        x.reduce((sum, value) => add(sum, add(10000, value)), 0),
        width,
      );
      const deviations = x.map((value) => add(add(10000, value), -mean));
      const square = deviations.reduce((sum, d) => add(sum, multiply(d, d)), 0);
      const scale = inverseSqrt(add(divide(square, width), 1e-5));
      return x.map((value) => multiply(add(add(10000, value), -mean), scale));
    },
  ],
];

test.each(computations)("%s", (_, body, compute) => {
  const random = randomSource(7);
  const x = Array.from({ length: width }, () => Math.fround(random.normal()));
  const { elements, comparison } = resultsInFloat64(body, x);
  expect(comparison).toMatchObject({ within: width, outside: 0 });
  let worst = 0;
  for (let seed = 0; seed < 200; seed++) {
    for (const [lane, found] of compute(x, erring(seed)).entries()) {
      const ratio = Math.abs(found - (elements.values[lane] as number)) / (elements.bounds[lane] as number);
      worst = Math.max(worst, ratio);
    }
  }
  expect(worst).toBeLessThan(1);
  expect(worst).toBeGreaterThan(0.1);
});
