import { describe, expect, test } from "vitest";
import { nearest, projectionOf, within } from "../../site/search/map/drawing.ts";
import { type PrincipalPlane, positionIn, principalPlane } from "../../site/search/map/principal.ts";

function mapOf(rows: Float32Array, count: number, width: number) {
  const steps = principalPlane(rows, count, width);
  for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
}

const planeOf = (...given: Parameters<typeof mapOf>): PrincipalPlane => mapOf(...given).plane;

/** Numbers from −1 to 1 without a pattern. */
function* numbers(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 31 - 1;
  }
}

const dot = (p: ArrayLike<number>, q: ArrayLike<number>) => {
  let sum = 0;
  for (let i = 0; i < p.length; i++) sum += (p[i] ?? 0) * (q[i] ?? 0);
  return sum;
};

describe("the principal plane", () => {
  test("of rows with known axes and a mean is those axes, with their shares", () => {
    const [width, count] = [24, 4000];
    const some = numbers(1);
    const axes = [0, 1].map((axis) => Float64Array.from({ length: width }, (_, j) => Number(j === 3 + 7 * axis)));
    const rows = new Float32Array(count * width);
    for (let i = 0; i < count; i++) {
      const [a, b] = [5 * some.next().value, 3 * some.next().value];
      for (let j = 0; j < width; j++) {
        rows[i * width + j] = 2 + a * (axes[0]?.[j] ?? 0) + b * (axes[1]?.[j] ?? 0) + 0.2 * some.next().value;
      }
    }
    const plane = planeOf(rows, count, width);
    for (const [i, axis] of axes.entries()) expect(dot(plane.axes[i] ?? [], axis)).toBeCloseTo(1, 3);
    for (const value of plane.mean) expect(Math.abs(value - 2)).toBeLessThan(0.1);
    const all = 25 + 9 + 22 * 0.04 + 2 * 0.04;
    expect(plane.shares[0]).toBeCloseTo(25 / all, 1);
    expect(plane.shares[1]).toBeCloseTo(9 / all, 1);
    expect(positionIn(plane, plane.mean)).toEqual([0, 0]);
  });

  test("has the largest variance that any direction has, to 1e-3, of rows without a pattern", () => {
    const [width, count] = [32, 300];
    const some = numbers(7);
    const rows = Float32Array.from({ length: count * width }, () => some.next().value);
    const plane = planeOf(rows, count, width);
    const [first, second] = plane.axes;
    expect(dot(first, first)).toBeCloseTo(1, 9);
    expect(dot(second, second)).toBeCloseTo(1, 9);
    expect(dot(first, second)).toBeCloseTo(0, 9);
    const variance = (direction: ArrayLike<number>) => {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        let along = 0;
        for (let j = 0; j < width; j++)
          along += ((rows[i * width + j] ?? 0) - (plane.mean[j] ?? 0)) * (direction[j] ?? 0);
        sum += along ** 2;
      }
      return sum;
    };
    // The largest eigenvalue by another way: plain power iteration of the covariance, formed, for long.
    const covariance = Array.from({ length: width }, (_, p) =>
      Float64Array.from({ length: width }, (_, q) => {
        let sum = 0;
        for (let i = 0; i < count; i++)
          sum +=
            ((rows[i * width + p] ?? 0) - (plane.mean[p] ?? 0)) * ((rows[i * width + q] ?? 0) - (plane.mean[q] ?? 0));
        return sum;
      }),
    );
    let direction = Float64Array.from({ length: width }, (_, j) => 1 + j / width);
    let largest = 0;
    for (let step = 0; step < 20000; step++) {
      direction = Float64Array.from(covariance, (row) => dot(row, direction));
      largest = Math.sqrt(dot(direction, direction));
      direction = direction.map((value) => value / largest);
    }
    expect(variance(first) / largest).toBeCloseTo(1, 3);
    expect(variance(second)).toBeLessThanOrEqual(variance(first) * (1 + 1e-9));
  });

  test("of one row, of equal rows and of one element is finite", () => {
    for (const [count, width] of [
      [1, 4],
      [5, 4],
      [5, 1],
    ] as const) {
      const plane = planeOf(new Float32Array(count * width).fill(0.5), count, width);
      const values = [...plane.mean, ...plane.axes[0], ...plane.axes[1], ...plane.shares];
      expect(values.every(Number.isFinite)).toBe(true);
    }
  });

  test("is the same each time, with the points of all rows", () => {
    const some = numbers(3);
    const rows = Float32Array.from({ length: 400 }, () => some.next().value);
    const { plane, points } = mapOf(rows, 50, 8);
    expect(mapOf(rows, 50, 8)).toEqual({ plane, points });
    for (let i = 0; i < 50; i++) {
      const [x, y] = positionIn(plane, rows.subarray(8 * i, 8 * i + 8));
      expect([points[2 * i], points[2 * i + 1]]).toEqual([Math.fround(x), Math.fround(y)]);
    }
  });

  test("of many rows is found in steps that each take a few of them", () => {
    const [width, count] = [512, 5000];
    const rows = Float32Array.from({ length: count * width }, (_, i) => Number(i % width === 0 && i % 3 === 0));
    const steps = principalPlane(rows, count, width);
    let passes = 0;
    for (let step = steps.next(); !step.done; step = steps.next()) passes++;
    // Of mean, variance, points and at least two iterations, each in 19 steps of 256 rows and one of the rest.
    expect(passes).toBeGreaterThanOrEqual(5 * 19);
  });
});

test("the projection keeps all points in the picture, and a click finds the nearest in reach", () => {
  const points = Float32Array.of(-1, 0, 3, 0, 1, 2);
  const to = projectionOf(points, 400, 300);
  for (const [x, y] of [to(-1, 0), to(3, 0), to(1, 2)]) {
    expect(x).toBeGreaterThanOrEqual(20);
    expect(x).toBeLessThanOrEqual(380);
    expect(y).toBeGreaterThanOrEqual(20 - 1e-9);
    expect(y).toBeLessThanOrEqual(280 + 1e-9);
  }
  const [x, y] = to(1, 2);
  expect(nearest(points, to, x + 5, y - 5)).toBe(2);
  expect(nearest(points, to, x, y - 100)).toBeUndefined();
});

test("a query beyond all passages is drawn at the edge", () => {
  expect(within([-50, 120], 400, 300)).toEqual([10, 120]);
  expect(within([200, 900], 400, 300)).toEqual([200, 290]);
  expect(within([200, 150], 400, 300)).toEqual([200, 150]);
});
