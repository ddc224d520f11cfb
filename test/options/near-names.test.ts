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

test("nearNames compares the beginnings of names made to be slow, and the beginning of a list", () => {
  const long = "x".repeat(1_000_000); // whole, it would take days
  expect(nearNames(long, [long])).toEqual([]);
  let looked = 0;
  function* names() {
    for (; looked < 200_000; looked++) yield `b${looked}`;
  }
  expect(nearNames("a".repeat(100), names())).toEqual([]);
  expect(looked).toBe(20_000);
});
