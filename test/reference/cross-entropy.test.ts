import { describe, expect, test } from "vitest";
import { normal } from "../../src/check/random.ts";
import {
  type CrossEntropyOptions,
  crossEntropyBackward,
  linearCrossEntropy,
  linearCrossEntropyBackward,
  crossEntropy as reference,
} from "../../src/reference/cross-entropy.ts";
import { dense } from "../../src/reference/dense.ts";
import { expectGradients } from "../support/numbers/central-differences.ts";

const kinds: readonly (readonly [name: string, options: CrossEntropyOptions])[] = [
  ["plain", {}],
  ["smoothing", { smoothing: 0.3 }],
  ["softcap", { softcap: 1.5 }],
  ["z-loss", { zLoss: 0.2 }],
  ["padding", { vocabulary: 5 }],
  ["all of them", { smoothing: 0.1, softcap: 2, zLoss: 0.05, vocabulary: 6, ignored: 2 }],
];

describe("the gradient is that of central differences", () => {
  test.each(kinds)("%s", (_, options) => {
    for (const [rows, cols] of [
      [1, 7],
      [5, 7],
    ] as const) {
      const targets = dense(
        [rows],
        Array.from({ length: rows }, (__, row) => (row === 2 ? -100 : (3 * row + 1) % 5)),
      );
      // With an ignored token, −100 is none: its row is NaN everywhere.
      if (options.ignored !== undefined) targets.values.fill(4, 2, 3);
      expectGradients({
        inputs: { logits: dense([rows, cols], normal(rows * cols, 3, 1.5)) },
        forward: ({ logits }) => ({ loss: reference({ logits, targets }, options).loss }),
        backward: ({ logits }, { loss }) => {
          const { lse, count } = reference({ logits, targets }, options);
          return crossEntropyBackward({ logits, targets, lse, count, dloss: loss }, options);
        },
      });
    }
  });
});

test.each(kinds)("through a projection, %s: the gradients of its rows and its weight", (_, options) => {
  const targets = dense([4], options.ignored === undefined ? [1, -100, 0, 3] : [1, 2, 0, 3]);
  expectGradients({
    inputs: { x: dense([4, 3], normal(12, 5)), weight: dense([7, 3], normal(21, 6)), bias: dense([7], normal(7, 7)) },
    forward: (given) => ({ loss: linearCrossEntropy({ ...given, targets }, options).loss }),
    backward: (given, { loss }) => {
      const { lse, count } = linearCrossEntropy({ ...given, targets }, options);
      const { dx, dweight, dbias } = linearCrossEntropyBackward(
        { ...given, targets, lse, count, dloss: loss },
        options,
      );
      if (!dbias) throw new Error("a bias has a gradient");
      return { dx, dweight, dbias };
    },
  });
});

test("two rows, by hand", () => {
  const logits = dense([3, 2], [0, Math.log(3), 1, 1, 5, 6]);
  const { losses, lse, loss, count } = reference({ logits, targets: dense([3], [0, 1, -100]) });
  expect([...losses.values]).toEqual([Math.log(4), Math.log(2), 0].map((value) => expect.closeTo(value, 14)));
  expect([...lse.values]).toEqual([Math.log(4), 1 + Math.log(2), 0].map((value) => expect.closeTo(value, 14)));
  expect(count.values[0]).toBe(2);
  expect(loss.values[0]).toBeCloseTo(Math.log(8) / 2, 14);
});

test("smoothing is a target distribution, and the z-loss the square of lse", () => {
  const [v, smoothing] = [6, 0.24];
  const logits = dense([1, v], normal(v, 8));
  const target = 4;
  const { losses, lse } = reference({ logits, targets: dense([1], [target]) }, { smoothing, zLoss: 0.5 });
  const of = lse.values[0] ?? Number.NaN;
  const shares = Array.from({ length: v }, (_, i) => smoothing / v + (i === target ? 1 - smoothing : 0));
  const expected = shares.reduce((sum, share, i) => sum - share * ((logits.values[i] ?? 0) - of), 0.5 * of ** 2);
  expect(losses.values[0]).toBeCloseTo(expected, 13);
});

test("targets in i32 and u32 are ignored by their bits", () => {
  const logits = dense([2, 3], normal(6, 2));
  for (const ignored of [-100, 2 ** 32 - 100]) {
    expect(reference({ logits, targets: dense([2], [ignored, 1]) }).count.values[0]).toBe(1);
    expect(reference({ logits, targets: dense([2], [-100, 1]) }, { ignored }).count.values[0]).toBe(1);
  }
  expect(reference({ logits, targets: dense([2], [0, 1]) }, { ignored: 0 }).count.values[0]).toBe(1);
});

test("a vocabulary beyond the columns is refused", () => {
  const tensors = { logits: dense([1, 3], [1, 2, 3]), targets: dense([1], [0]) };
  expect(() => reference(tensors, { vocabulary: 4 })).toThrow("vocabulary is 4, logits have 3 columns");
});
