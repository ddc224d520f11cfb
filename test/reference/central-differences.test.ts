import { describe, expect, it } from "vitest";
import { normal } from "../../src/check/random.ts";
import { type Dense, dense } from "../../src/reference/dense.ts";
import { centralDifferences, expectGradients, upstreamOf } from "../support/numbers/central-differences.ts";

type Operands = { a: Dense; b: Dense };

const inputs: Operands = { a: dense([2, 3], normal(6, 1)), b: dense([3], normal(3, 2, 100)) };
const times = (a: Dense, change: (value: number, i: number) => number) => dense(a.shape, a.values.map(change));
const of = ({ values }: Dense, i: number) => values[i % values.length] ?? Number.NaN;

/** Two results of two inputs, one of which is broadcast:  product = a · b, square = b². */
const forward = ({ a, b }: Operands) => ({
  product: times(a, (value, i) => value * of(b, i)),
  square: times(b, (value) => value * value),
});

type Results = ReturnType<typeof forward>;

const backward = ({ a, b }: Operands, { product, square }: Results) => ({
  da: times(product, (value, i) => value * of(b, i)),
  db: times(b, (value, j) => {
    const rows = [0, 1].reduce((sum, row) => sum + of(product, 3 * row + j) * of(a, 3 * row + j), 0);
    return rows + 2 * value * of(square, j);
  }),
});

describe("central differences", () => {
  it("are the gradient of all results together, of each input", () => {
    const upstream = upstreamOf(forward(inputs));
    const { da, db } = backward(inputs, upstream);
    for (const [name, wanted] of [["a", da] as const, ["b", db] as const]) {
      const { shape, values } = centralDifferences(forward, inputs, upstream, name);
      expect(shape).toEqual(wanted.shape);
      for (const [i, value] of values.entries()) {
        expect(Math.abs(value - of(wanted, i))).toBeLessThan(1e-9 * Math.max(...wanted.values.map(Math.abs)));
      }
    }
    expect(() => centralDifferences(forward, inputs, upstream, "c" as "a")).toThrow("there is no input c");
  });

  it("upstream gradients are random, different for each result and seed", () => {
    const results = { y: dense([4]), z: dense([4]) };
    const all = [upstreamOf(results, 1), upstreamOf(results, 2)].flatMap(({ y, z }) => [...y.values, ...z.values]);
    expect(new Set(all).size).toBe(16);
    expect(upstreamOf(results, 1)).toEqual(upstreamOf(results, 1));
  });
});

describe("expectGradients", () => {
  it("passes a backward that is right, whole or in part", () => {
    expectGradients({ forward, backward, inputs });
    expectGradients({ forward, backward: (...given) => ({ db: backward(...given).db }), inputs, seed: 7 });
  });

  it.each<[string, (right: ReturnType<typeof backward>) => object, string]>([
    [
      "one element is off by 2e-7 of the largest",
      ({ da, db }) => ({
        da,
        db: times(db, (v, i) => (i === 0 ? v + 2e-7 * Math.max(...db.values.map(Math.abs)) : v)),
      }),
      "db[0]",
    ],
    ["a sign is wrong", ({ da }) => ({ da: times(da, (value) => -value) }), "da[0]"],
    ["an element is not written", ({ da }) => ({ da: times(da, (v, i) => (i === 4 ? Number.NaN : v)) }), "da[4]"],
    ["a zero gradient gives something", ({ da }) => ({ da: times(da, (v) => v || 1e-30) }), "zero upstream"],
    ["the shape is another", ({ db }) => ({ db: { ...db, shape: [1, 3] } }), "db"],
    ["there is no gradient", () => ({}), "no gradient"],
    ["it is the gradient of nothing", ({ da }) => ({ dc: da }), "dc is the gradient of no input"],
  ])("fails where %s", (_, wrong, message) => {
    const broken = (...given: Parameters<typeof backward>) => wrong(backward(...given));
    expect(() => expectGradients({ forward, backward: broken, inputs })).toThrow(message);
  });
});
