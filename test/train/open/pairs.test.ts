import { expect, test } from "vitest";
import { pairBatch } from "../../../src/train/data/pairs.ts";

test("targets are read from the start token on, and the shorter filled up, which does not count", () => {
  const pairs = [
    { source: [1, 2, 3], target: [4, 5, 9] },
    { source: [1], target: [9] },
    { source: [2], target: [] },
  ];
  expect(pairBatch(pairs, { start: 7 })).toEqual({
    sources: [[1, 2, 3], [1], [2]],
    ids: [
      [7, 4, 5],
      [7, 7, 7],
      [7, 7, 7],
    ],
    targets: [
      [4, 5, 9],
      [9, -100, -100],
      [-100, -100, -100],
    ],
  });
});

test("what are no pairs is refused by name", () => {
  expect(() => pairBatch([], { start: 0 })).toThrow("pairBatch: no pair has a target");
  expect(() => pairBatch([{ source: [1], target: [] }], { start: 0 })).toThrow("pairBatch: no pair has a target");
  const wrong = [{ source: [1], target: [-1] }];
  expect(() => pairBatch(wrong, { start: 0 })).toThrow("pairBatch: pairs");
  expect(() => pairBatch([{ source: [1], target: [1] }], {} as { start: number })).toThrow("pairBatch: start");
});
