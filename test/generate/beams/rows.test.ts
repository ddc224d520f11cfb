import { expect, test } from "vitest";
import { randomSource } from "../../../src/check/random.ts";
import { banRepeats } from "../../../src/generate/beams/bans.ts";
import { assignRows } from "../../../src/generate/beams/searches.ts";

test("rows: the first to go on stays, the others take rows that are free", () => {
  expect(assignRows([2, 2, 0, 2], 4)).toEqual([2, 1, 0, 3]);
  expect(assignRows([0, 0, 0, 0], 4)).toEqual([0, 1, 2, 3]);
  expect(assignRows([3, 1], 4)).toEqual([3, 1]);
  expect(() => assignRows([0, 0, 0], 2)).toThrow("3 texts for 2 rows");
});

test("bans of repeats are those of a plain search", () => {
  const source = randomSource(11);
  for (let round = 0; round < 200; round++) {
    const text = Array.from({ length: source.integer(12) }, () => source.integer(3));
    for (const n of [1, 2, 3]) {
      const twice = (token: number) => {
        const longer = [...text, token];
        const last = longer.slice(-n).join(" ");
        return (
          longer.length > n &&
          longer.slice(0, -1).some((_, at) => at + n < longer.length && longer.slice(at, at + n).join(" ") === last)
        );
      };
      expect([...new Set(banRepeats(n)(text))].sort()).toEqual([0, 1, 2].filter(twice));
    }
  }
});
