import { expect, test } from "vitest";
import { negativeSamples, vocabularyOf, wordLines, wordPairs } from "../../../src/train/data/word-pairs.ts";

const lines = ["the cat and the dog", "", " and  the\tbird ", "alone"];
const words = vocabularyOf(lines);
const ids = new Map(words.map((word, id) => [word, id]));

test("words are counted as they stand; of equally many the first comes first", () => {
  expect(words).toEqual(["the", "and", "cat", "dog", "bird", "alone"]);
  const { ids: all, starts } = wordLines([...lines, "The the"], ids);
  expect([...all]).toEqual([0, 2, 1, 0, 3, 1, 0, 4, 5, 0]);
  expect([...starts]).toEqual([0, 5, 8, 9, 10]);
});

test("over as many epochs as the window is wide, each word sees each distance once: nearer words more often", () => {
  const window = 3;
  const text = ["a b c d e", "f g"];
  const own = new Map(vocabularyOf(text).map((word, id) => [word, id]));
  const pairs = wordPairs(wordLines(text, own), window, 7);
  const count = pairs.count(window);
  const found = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const key = pairs.pair(i).join(" ");
    found.set(key, (found.get(key) ?? 0) + 1);
  }
  const wanted = new Map<string, number>();
  for (const line of ["abcde", "fg"]) {
    for (const [i, one] of [...line].entries()) {
      for (const [j, other] of [...line].entries()) {
        const times = window + 1 - Math.abs(i - j);
        if (i !== j && times > 0) wanted.set(`${own.get(one)} ${own.get(other)}`, times);
      }
    }
  }
  expect(found).toEqual(wanted);
  expect(pairs.count(2 * window)).toBe(2 * count);
  // In any order of asking, and in another order in another epoch and by another seed.
  const again = wordPairs(wordLines(text, own), window, 7);
  for (const i of [count + 3, 2, count - 1, 0, 3 * count]) expect(again.pair(i)).toEqual(pairs.pair(i));
  const orderOf = (given: typeof pairs, from: number) => Array.from({ length: count }, (_, i) => given.pair(from + i));
  expect(orderOf(pairs, count)).not.toEqual(orderOf(pairs, 0));
  expect(orderOf(wordPairs(wordLines(text, own), window, 8), 0)).not.toEqual(orderOf(pairs, 0));
});

test("words are drawn in proportion to their count^0.75", () => {
  const text = Uint32Array.from({ length: 100 }, (_, i) => (i < 81 ? 0 : i < 97 ? 1 : i < 98 ? 2 : 4));
  const draw = negativeSamples(text, 5, 50, 3);
  const counts = [0, 0, 0, 0, 0];
  for (let i = 0; i < 400; i++) {
    const drawn = draw(i);
    expect(drawn).toHaveLength(50);
    for (const id of drawn) counts[id] = (counts[id] ?? 0) + 1;
  }
  const powers = [27, 8, 1, 0, 2 ** 0.75];
  const sum = powers.reduce((all, one) => all + one, 0);
  for (const [id, power] of powers.entries()) {
    expect(Math.abs((counts[id] ?? 0) / 20_000 - power / sum)).toBeLessThan(2e-3);
  }
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
});
