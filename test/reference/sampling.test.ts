import { describe, expect, it } from "vitest";
import { dense } from "../../src/reference/dense.ts";
import {
  argmax,
  type FilterOptions,
  filter,
  penalise,
  restrict,
  sample,
  threefry2x32,
  topLogprobs,
  uniform01,
} from "../../src/reference/sampling.ts";
import { expectClose } from "./compare.ts";

/** Logits of a row with these probabilities. */
const logitsOf = (...probabilities: number[]) => dense([1, probabilities.length], probabilities.map(Math.log));
const minus = Number.NEGATIVE_INFINITY;

describe("threefry2x32", () => {
  it.each([
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x13198a2e, 0x03707344],
      [0x243f6a88, 0x85a308d3],
      [0xc4923a9c, 0x483df7a0],
    ],
  ] as const)("key %j, counter %j: the published vector", (key, counter, words) => {
    expect(threefry2x32(key, counter)).toEqual(words);
  });

  it("uniform01 is exact in f32 and never 1", () => {
    expect([0, 0xff, 0x100, 0x80000000].map(uniform01)).toEqual([0, 0, 2 ** -24, 0.5]);
    expect(uniform01(0xffffffff)).toBe(1 - 2 ** -24);
    expect(Math.fround(uniform01(0xffffffff))).toBe(uniform01(0xffffffff));
  });
});

describe("penalise", () => {
  const prompt = 2 ** 31;
  const logits = dense([1, 5], [2, -2, 2, -2, 2]);
  const counts = dense([1, 5], [0, prompt, prompt, prompt + 3, 1]); // not seen, in the prompt ×2, in both, generated once

  it("repetition meets prompt and output, the others the output alone", () => {
    expect([...penalise({ logits, counts }, { repetition: 2 }).y.values]).toEqual([2, -4, 1, -4, 1]);
    expect([...penalise({ logits, counts }, { presence: 0.5 }).y.values]).toEqual([2, -2, 2, -2.5, 1.5]);
    expect([...penalise({ logits, counts }, { frequency: 0.25 }).y.values]).toEqual([2, -2, 2, -2.75, 1.75]);
  });

  it("repetition comes first, and nothing asked for does nothing", () => {
    const all = penalise({ logits, counts }, { repetition: 2, presence: 0.5, frequency: 0.25 });
    expect([...all.y.values]).toEqual([2, -4, 1, -5.25, 0.25]);
    expect(penalise({ logits, counts }, {}).y).toEqual(logits);
  });
});

describe("argmax", () => {
  it("takes the lowest index on ties, and no NaN", () => {
    const rows = [1, 3, 3, minus, minus, minus, minus, minus, Number.NaN, -4, Number.NaN, -4];
    expect([...argmax({ logits: dense([3, 4], rows) }).ids.values]).toEqual([1, 0, 1]);
  });
});

describe("filter", () => {
  const kept = (options: FilterOptions, ...probabilities: number[]): string =>
    filter({ logits: logitsOf(...probabilities) }, options).kept.values.join("");

  it("keeps all without options", () => expect(kept({}, 0.1, 0.6, 0.3)).toBe("111"));

  it("top-k keeps k, and all that tie with the k-th", () => {
    expect(kept({ topK: 2 }, 0.1, 0.6, 0.3)).toBe("011");
    expect(kept({ topK: 2 }, 0.2, 0.4, 0.2, 0.2)).toBe("1111");
    expect(kept({ topK: 1 }, 0.4, 0.4, 0.2)).toBe("110");
    expect(kept({ topK: 3 }, 0.1, 0.6, 0.3)).toBe("111");
    expect(kept({ topK: 9 }, 0.1, 0.6, 0.3)).toBe("111");
  });

  it("top-p keeps the most likely until they reach p, ties together", () => {
    expect(kept({ topP: 0.5 }, 0.1, 0.6, 0.3)).toBe("010");
    expect(kept({ topP: 0.7 }, 0.1, 0.6, 0.3)).toBe("011");
    expect(kept({ topP: 0.95 }, 0.1, 0.6, 0.3)).toBe("111");
    expect(kept({ topP: 0 }, 0.1, 0.6, 0.3)).toBe("010");
    expect(kept({ topP: 0.5 }, 0.25, 0.5, 0.25)).toBe("010"); // reached exactly
    expect(kept({ topP: 0.3 }, 0.25, 0.25, 0.25, 0.25)).toBe("1111");
  });

  it("top-p looks at what top-k left, renormalised", () => {
    expect(kept({ topP: 0.55 }, 0.4, 0.3, 0.2, 0.1)).toBe("1100");
    expect(kept({ topP: 0.55, topK: 2 }, 0.4, 0.3, 0.2, 0.1)).toBe("1000"); // 0.4 of 0.7
    expect(kept({ topP: 0.5, topK: 2 }, 0.4, 0.2, 0.2, 0.2)).toBe("1111"); // ties with the second are left, too
  });

  it("min-p is a share of the largest probability", () => {
    expect(kept({ minP: 0.4 }, 0.1, 0.6, 0.3)).toBe("011");
    expect(kept({ minP: 0.6 }, 0.1, 0.6, 0.3)).toBe("010");
    expect(kept({ minP: 1 }, 0.1, 0.6, 0.3)).toBe("010");
    expect(kept({ minP: 0.4, topP: 0.5 }, 0.1, 0.6, 0.3)).toBe("010");
  });

  it("temperature comes before top-p and min-p", () => {
    expect(kept({ topP: 0.7, temperature: 0.5 }, 0.1, 0.6, 0.3)).toBe("010"); // 0.36 of 0.46
    expect(kept({ topP: 0.75, temperature: 4 }, 0.1, 0.6, 0.3)).toBe("111"); // 1.62 of 2.18
    expect(kept({ minP: 0.4, temperature: 0.5 }, 0.1, 0.6, 0.3)).toBe("010"); // 0.25
  });

  it("refuses what is no distribution", () => {
    const logits = logitsOf(0.5, 0.5);
    expect(() => filter({ logits }, { temperature: 0 })).toThrow("temperature is 0");
    expect(() => filter({ logits }, { topP: 1.1 })).toThrow("topP is 1.1");
    expect(() => filter({ logits }, { minP: -1 })).toThrow("minP is -1");
    expect(() => filter({ logits: dense([1, 2], [minus, minus]) }, {})).toThrow("the largest logit is -Infinity");
    expect(() => filter({ logits: dense([1, 2], [0, Number.NaN]) }, {})).toThrow("the largest logit is NaN");
  });
});

describe("sample", () => {
  const drawn = (probabilities: number[], options: FilterOptions, ...words: number[]): number[] =>
    words.map(
      (word) => sample({ logits: logitsOf(...probabilities), words: dense([1], [word]) }, options).ids.values[0] ?? -1,
    );

  it("cuts the words where the running probability passes them", () => {
    const quarters = [0.25, 0.5, 0.25]; // weights 2²⁹, 2³⁰, 2²⁹ of 2³¹
    const edges = [0, 2 ** 30 - 1, 2 ** 30, 3 * 2 ** 30 - 1, 3 * 2 ** 30, 2 ** 32 - 1];
    expect(drawn(quarters, {}, ...edges)).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it("draws among the kept in proportion, in order of index", () => {
    const probabilities = [0.125, 0.5, 0.125, 0.25];
    const words = [0, 2 ** 32 / 3, 2 ** 32 / 1.5 - 2 ** 8, 2 ** 32 / 1.5 + 2 ** 8, 2 ** 32 - 1].map(Math.floor);
    expect(drawn(probabilities, { topK: 2 }, ...words)).toEqual([1, 1, 1, 3, 3]);
    expect(drawn(probabilities, { topK: 1 }, 0, 2 ** 32 - 1)).toEqual([1, 1]);
  });

  it("resolves probabilities down to 2⁻³¹", () => {
    const rare = [1 - 2 ** -20, 2 ** -20];
    const edge = 2 ** 32 - 2 ** 12;
    expect(drawn(rare, {}, edge - 8, edge + 8, 2 ** 32 - 1)).toEqual([0, 1, 1]);
    expect(drawn([1 - 2 ** -33, 2 ** -33], {}, 2 ** 32 - 1)).toEqual([0]);
  });

  it("never draws what has no probability", () => {
    expect(drawn([0, 0.5, 0, 0.5, 0], {}, 0, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1)).toEqual([1, 1, 3, 3]);
  });

  it("follows its probabilities over 20,000 words, each row its own", () => {
    const probabilities = [0.1, 0.2, 0.3, 0.4];
    const n = 20_000;
    const words = dense(
      [n],
      Array.from({ length: n }, (_, i) => threefry2x32([1, 2], [i, 0])[0]),
    );
    const logits = dense([n, 4], Array.from({ length: n }, () => probabilities.map(Math.log)).flat());
    const { ids } = sample({ logits, words }, {});
    for (const [id, p] of probabilities.entries()) {
      const share = ids.values.filter((drawnId) => drawnId === id).length / n;
      expect(Math.abs(share - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / n));
    }
  });
});

it("restrict keeps the logits of tokens whose bits are set", () => {
  const logits = dense(
    [2, 33],
    Float64Array.from({ length: 66 }, (_, i) => i),
  );
  const { y } = restrict({ logits, allowed: dense([2, 2], [2 ** 31 + 1, 0, 2, 1]) });
  const left = [...y.values.entries()].filter(([, value]) => value !== Number.NEGATIVE_INFINITY);
  expect(left).toEqual([0, 31, 34, 65].map((i) => [i, i]));
});

describe("topLogprobs", () => {
  it("sorts by probability, then by index", () => {
    const logits = dense([2, 4], [...logitsOf(0.25, 0.125, 0.5, 0.125).values, 1000, 1000, 1000, minus]);
    const { ids, logprobs } = topLogprobs({ logits }, { n: 4 });
    expect([...ids.values]).toEqual([2, 0, 1, 3, 0, 1, 2, 3]);
    const thirds = new Array(3).fill(-Math.log(3));
    expectClose(logprobs, [...[0.5, 0.25, 0.125, 0.125].map(Math.log), ...thirds, minus], 1e-12);
    expect(topLogprobs({ logits }, { n: 1 }).ids).toEqual(dense([2, 1], [2, 0]));
    expect(() => topLogprobs({ logits }, { n: 5 })).toThrow("topLogprobs: n is 5, expected an integer from 0 to 4");
  });
});
