import { describe, expect, it } from "vitest";
import { causal, full, type Mask, pairs, slidingWindow } from "../../src/reference/masks.ts";

/** Rows of 0 and 1: which keys each query sees. */
const picture = (mask: Mask, t: number, s: number, start = s - t): string[] =>
  Array.from({ length: t }, (_, i) => Array.from({ length: s }, (_, key) => +mask(0, 0, start + i, key)).join(""));

describe("masks", () => {
  it("causal aligns the last query with the last key", () => {
    expect(picture(causal, 4, 4)).toEqual(["1000", "1100", "1110", "1111"]);
    expect(picture(causal, 2, 4)).toEqual(["1110", "1111"]);
    expect(picture(causal, 4, 2)).toEqual(["00", "00", "10", "11"]);
  });

  it("a window counts its keys, the query's own included", () => {
    expect(picture(slidingWindow({ window: 2 }), 4, 4)).toEqual(["1000", "1100", "0110", "0011"]);
    expect(picture(slidingWindow({ window: 1 }), 3, 3)).toEqual(["100", "010", "001"]);
    expect(picture(slidingWindow({ window: 9 }), 3, 3)).toEqual(picture(causal, 3, 3));
  });

  it("full sees all", () => expect(picture(full, 2, 3)).toEqual(["111", "111"]));
});

describe("pairs", () => {
  it("follows the closed forms", () => {
    expect(pairs(full, { t: 5, s: 7 })).toBe(35);
    for (const [t, s] of [
      [6, 6],
      [3, 9],
      [1, 5],
    ] as const) {
      expect(pairs(causal, { t, s })).toBe((t * (2 * s - t + 1)) / 2);
    }
    expect(pairs(causal, { t: 5, s: 2 })).toBe(3); // three of the queries are empty
    expect(pairs(slidingWindow({ window: 4 }), { t: 10, s: 10 })).toBe(4 * 10 - 6);
    expect(pairs(causal, { t: 1, s: 70_000, b: 2, h: 32 })).toBe(2 * 32 * 70_000);
  });

  it.each([
    ["full", full],
    ["causal", causal],
    ["window", slidingWindow({ window: 3 })],
  ] as const)("%s: counted by its runs of keys as one pair at a time", (_, mask) => {
    const options = { start: [2, 0], length: [6, 9] };
    const oneByOne: Mask = (b, h, q, k) => mask(b, h, q, k);
    const shape = { t: 4, s: 9, b: 2, h: 3 };
    expect(pairs(mask, shape, options)).toBe(pairs(oneByOne, shape, options));
    expect(pairs(mask, shape)).toBe(pairs(oneByOne, shape));
    const lengths = { length: [6, 9] };
    expect(pairs(mask, shape, lengths)).toBe(pairs(mask, shape, { ...lengths, start: [2, 5] }));
  });

  it("counts masks that differ by batch row and head", () => {
    const mask: Mask = (b, h, _q, k) => k <= b + h;
    expect(pairs(mask, { t: 2, s: 4, b: 2, h: 2 })).toBe(2 * (1 + 2 + 2 + 3));
  });
});
