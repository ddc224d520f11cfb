import { expect, test } from "vitest";
import { normal } from "../../../src/check/random.ts";
import { type Dense, dense, sizeOf } from "../../../src/reference/dense.ts";
import { recurrent, recurrentBackward } from "../../../src/reference/models/recurrent.ts";
import { negativeSampling, negativeSamplingBackward } from "../../../src/reference/models/word-vectors.ts";
import { expectGradients } from "../../support/numbers/central-differences.ts";

const drawn = (shape: readonly number[], seed: number): Dense => dense(shape, normal(sizeOf(shape), seed));

const gates = { rnn: 1, gru: 3, lstm: 4 } as const;

test.each([
  ["rnn", "after"],
  ["gru", "after"],
  ["gru", "before"],
  ["lstm", "after"],
] as const)("the gradients of %s, reset %s, are those of central differences", (cell, reset) => {
  const [b, t, i, h] = [2, 3, 2, 3];
  const rows = gates[cell] * h;
  const inputs = {
    x: drawn([b, t, i], 1),
    weightIh: drawn([rows, i], 2),
    weightHh: drawn([rows, h], 3),
    biasIh: drawn([rows], 4),
    biasHh: drawn([rows], 5),
    state: drawn([b, h], 6),
    ...(cell === "lstm" ? { cell: drawn([b, h], 7) } : {}),
  };
  const lengths = dense([b], [2, 3]);
  expectGradients({
    forward: (given) => recurrent({ ...given, lengths }, { cell, reset, reverse: true }),
    backward: (given, { out, state, cell: last }) => {
      const upstream = { dout: out, dstate: state, ...(last ? { dcell: last } : {}) };
      return recurrentBackward({ ...given, lengths, ...upstream }, { cell, reset, reverse: true });
    },
    inputs,
  });
  expect(() => recurrent({ ...inputs, weightHh: drawn([rows + 1, h], 3) }, { cell })).toThrow("recurrent: ");
});

test("a GRU keeps its state where z is 1, and forgets it where r is 0: the product is reset, not the state", () => {
  const much = 1e3;
  const next = (r: number, z: number, n: number) => {
    const given = { x: dense([1, 1, 1], [1]), weightIh: dense([3, 1], [r, z, n]), weightHh: dense([3, 1], [0, 0, 2]) };
    const rest = { biasHh: dense([3], [0, 0, 3]), state: dense([1, 1], [0.5]) };
    return recurrent({ ...given, ...rest }, { cell: "gru" }).state.values[0];
  };
  expect(next(0, much, 7)).toBe(0.5);
  expect(next(-much, -much, 0.25)).toBeCloseTo(Math.tanh(0.25), 15);
  // Of r = 1 the bias of the state counts too: 2 · 0.5 + 3.
  expect(next(much, -much, 0.25)).toBeCloseTo(Math.tanh(4.25), 15);
});

test("a GRU reset before the product forgets its state where r is 0, but not its bias, and z takes the new value", () => {
  const much = 1e3;
  const next = (r: number, z: number) => {
    const given = { x: dense([1, 1, 1], [1]), weightIh: dense([3, 1], [r, z, 0.25]) };
    const rest = { weightHh: dense([3, 1], [0, 0, 2]), biasHh: dense([3], [0, 0, 3]), state: dense([1, 1], [0.5]) };
    return recurrent({ ...given, ...rest }, { cell: "gru", reset: "before" }).state.values[0];
  };
  expect(next(0, -much)).toBe(0.5);
  expect(next(-much, much)).toBeCloseTo(Math.tanh(3.25), 15);
  expect(next(much, much)).toBeCloseTo(Math.tanh(4.25), 15);
});

test("the gradients of negative sampling are those of central differences", () => {
  const inputs = { v: drawn([4, 3], 5), u: drawn([4, 3], 6), others: drawn([5, 3], 7) };
  expectGradients({
    forward: negativeSampling,
    backward: (given, { losses: dlosses }) => negativeSamplingBackward({ ...given, dlosses }),
    inputs,
  });
  const far = { v: dense([1, 1], [100]), u: dense([1, 1], [-10]), others: dense([1, 1], [10]) };
  expect([...negativeSampling(far).losses.values]).toEqual([2000]);
});
