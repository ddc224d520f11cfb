import { expect, test } from "vitest";
import { editDistance, nearNames } from "../../src/options/near-names.ts";

test("editDistance counts insertions, deletions and replacements", () => {
  for (const [a, b, distance] of [
    ["", "", 0],
    ["", "abc", 3],
    ["abc", "", 3],
    ["kitten", "sitting", 3],
    ["model.norm.weight", "norm.weight", 6],
    ["flaw", "lawn", 2],
  ] as const) {
    expect(editDistance(a, b)).toBe(distance);
  }
});

test("nearNames gives the three nearest, nearest first, and none that are far", () => {
  const names = ["abcdefgh", "abcdefgx", "abcdefxx", "abcdxxxx", "abxxxxxx", "abcdefg"];
  expect(nearNames("abcdefg", names)).toEqual(["abcdefg", "abcdefgh", "abcdefgx"]);
  expect(nearNames("zzzzzzz", names)).toEqual([]);
  expect(nearNames("abcdefghijklmnop", ["abcdefgh"])).toEqual(["abcdefgh"]);
});

test("nearNames stays quick on names and lists made to be slow", () => {
  const long = "x".repeat(1_000_000);
  const begin = performance.now();
  expect(nearNames(long, [long])).toEqual([]);
  expect(
    nearNames(
      "a".repeat(100),
      Array.from({ length: 200_000 }, (_, i) => `b${i}`),
    ),
  ).toEqual([]);
  expect(performance.now() - begin).toBeLessThan(5000);
});
