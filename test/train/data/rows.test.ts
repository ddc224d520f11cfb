import { expect, test } from "vitest";
import { packDocuments } from "../../../src/train/data/pack-documents.ts";
import { allWindows, drawn, type Row, randomWindows, shuffled, shuffledEpochs } from "../../../src/train/data/rows.ts";
import { joinTokens, type TokenDocuments } from "../../../src/train/data/tokens.ts";

/** Documents of consecutive ids, so that a target that counts is one more than its id. */
function documentsOf(lengths: readonly number[], first = 1): TokenDocuments {
  const starts = [0];
  for (const length of lengths) starts.push((starts.at(-1) ?? 0) + length);
  return { tokens: Uint32Array.from({ length: starts.at(-1) ?? 0 }, (_, i) => first + i), starts };
}

const counted = (rows: readonly Row[]) =>
  rows.flatMap(({ targets }) => targets.filter((target) => target !== -100)).toSorted((a, b) => a - b);

test.each([1, 2, 3, 7, 64, 1000])("shuffles of %i are permutations, another one for each epoch and seed", (count) => {
  const order = (seed: number, epoch: number) =>
    Array.from({ length: count }, (_, i) => shuffled(seed, epoch, i, count));
  const sorted = Array.from({ length: count }, (_, i) => i);
  for (const epoch of [0, 1, 5]) expect(order(3, epoch).toSorted((a, b) => a - b)).toEqual(sorted);
  if (count < 64) return;
  const orders = [order(3, 0), order(3, 1), order(4, 0), sorted].map(String);
  expect(new Set(orders).size).toBe(4);
  const moved = order(3, 0).reduce((sum, to, from) => sum + Math.abs(to - from), 0) / count ** 2;
  expect(moved).toBeGreaterThan(0.25); // 1/3 for a random permutation
  expect(moved).toBeLessThan(0.42);
});

test("draws are uniform, and independent of one another", () => {
  const count = 20_000;
  const mean = (of: (i: number) => number) =>
    Array.from({ length: count }, (_, i) => of(i)).reduce((a, b) => a + b) / count;
  expect(mean((i) => drawn(1, "window", i))).toBeCloseTo(0.5, 2);
  expect(mean((i) => drawn(1, "window", i) * drawn(1, "source", i))).toBeCloseTo(0.25, 2);
  expect(mean((i) => drawn(1, "window", i) * drawn(1, "window", i + 1))).toBeCloseTo(0.25, 2);
  expect(drawn(1, "window", 2 ** 33)).not.toBe(drawn(1, "window", 0));
});

test("windows: each token is a target once, the last row is filled up", () => {
  const rows = allWindows(documentsOf([5, 6]), 4);
  expect(rows).toEqual([
    { ids: [1, 2, 3, 4], targets: [2, 3, 4, 5] },
    { ids: [5, 6, 7, 8], targets: [6, 7, 8, 9] },
    { ids: [9, 10, 11, 0], targets: [10, 11, -100, -100] },
  ]);
  expect(allWindows(documentsOf([3]), 4)).toEqual([{ ids: [1, 2, 3, 0], targets: [2, 3, -100, -100] }]);
});

test("random windows: all beginnings come, sets by their weights, and a row depends on its number alone", () => {
  const sets = [
    { ...documentsOf([9]), weight: 3 },
    { ...documentsOf([2], 100), weight: 1 },
  ];
  const order = randomWindows(sets, { context: 4, seed: 5 });
  const rows = Array.from({ length: 4000 }, (_, i) => order.row(i));
  expect(order.epoch).toBeUndefined();
  expect(order.row(3999)).toEqual(rows[3999]);
  const firsts = rows.map(({ ids }) => ids[0] as number);
  expect(new Set(firsts)).toEqual(new Set([1, 2, 3, 4, 5, 100]));
  expect(firsts.filter((id) => id === 100).length / 4000).toBeCloseTo(0.25, 1);
  for (const first of [1, 2, 3, 4, 5]) expect(firsts.filter((id) => id === first).length / 3000).toBeCloseTo(0.2, 1);
  expect(rows.find(({ ids }) => ids[0] === 100)).toEqual({ ids: [100, 101, 0, 0], targets: [101, -100, -100, -100] });
  expect(randomWindows(sets, { context: 4, seed: 6 }).row(0)).not.toEqual(rows[0]);
});

test.each(["windows", "documents"] as const)("epochs of %s: every row once, in another order each time", (packing) => {
  const documents = documentsOf([7, 3, 12, 30, 2, 5, 41, 8]);
  const order = shuffledEpochs(documents, { context: 8, seed: 1, packing });
  const epoch = order.epoch ?? 0;
  const rows = Array.from({ length: 3 * epoch }, (_, i) => order.row(i));
  const each = [0, 1, 2].map((i) => rows.slice(i * epoch, (i + 1) * epoch));
  for (const one of each) expect(counted(one)).toEqual(counted(each[0] ?? []));
  expect(new Set(each.map((one) => JSON.stringify(one))).size).toBe(3);
  expect(order.row(2 * epoch)).toEqual(rows[2 * epoch]);
});

test("packing: whole documents, long ones cut, no target lost, none across documents, little filled up", () => {
  const lengths = [7, 3, 12, 30, 1, 2, 5, 41, 8, 9];
  const documents = documentsOf(lengths);
  const rows = packDocuments(documents, 8).map((row) => row());
  const expected = documents.starts
    .slice(0, -1)
    .flatMap((start, i) => [...documents.tokens.slice(start + 1, documents.starts[i + 1])]);
  expect(counted(rows)).toEqual(expected);
  for (const { ids, targets, documents: own = [] } of rows) {
    expect([ids.length, targets.length, own.length]).toEqual([8, 8, 8]);
    for (const [i, target] of targets.entries()) {
      if (target !== -100) expect(target).toBe((ids[i] ?? 0) + 1);
      const follows = ids[i + 1] === (ids[i] ?? 0) + 1 && own[i] === own[i + 1];
      if (i < 7 && target !== -100) expect(follows).toBe(true);
    }
    expect(own).toEqual(own.toSorted((a, b) => a - b));
  }
  const filled = rows.flatMap(({ ids }) => ids).filter((id) => id === 0).length;
  expect(filled / (8 * rows.length)).toBeLessThan(0.15);
});

test("sets joined are one after the other; what is too short is refused", () => {
  const joined = joinTokens([documentsOf([2, 1]), documentsOf([3], 10)]);
  expect([[...joined.tokens], joined.starts]).toEqual([
    [1, 2, 3, 10, 11, 12],
    [0, 2, 3, 6],
  ]);
  expect(() => shuffledEpochs(documentsOf([1]), { context: 4, seed: 0, packing: "windows" })).toThrow(
    "fewer than two tokens",
  );
});
