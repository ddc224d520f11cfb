// Word vectors on the page that trains: the relations that are planted, and what is seen of vectors.
import { describe, expect, test } from "vitest";
import { randomOf } from "../../../site/train/tasks/random.ts";
import { wordLookOf } from "../../../site/train/tasks/vectors/look.ts";
import { planeOf } from "../../../site/train/tasks/vectors/plane.ts";
import { plantedRelations } from "../../../site/train/tasks/vectors/relations.ts";
import { isHeldOut, sentenceOf, wordVectors } from "../../../site/train/tasks/vectors/words.ts";

const examples = wordVectors.examples(4, "");
const { alphabet, relations = [], readable } = examples;
const wordOf = (character: string) => readable(character).trim();

describe("planted relations", () => {
  test("each word belongs to one pair or to the sentences, and stands near its pair alone", () => {
    const ofPairs = plantedRelations.flatMap(({ pairs }) => pairs.flatMap(([a, b, near]) => [a, b, ...near]));
    expect(new Set(ofPairs).size).toBe(ofPairs.length);
    const ofSentences = new Set(plantedRelations.flatMap(({ sentences }) => sentences.flat().join(" ").split(" ")));
    for (const word of ofPairs) expect(ofSentences.has(word)).toBe(false);
    // Two stand for words, and the full stop is one more.
    expect(alphabet.length).toBe(ofPairs.length + ofSentences.size - 2 + 1);
    expect(alphabet.length).toBeLessThan(300);
  });

  test("words that tell the sides of a pair apart are of one side of one relation", () => {
    const owners = new Map<string, Set<string>>();
    for (const { name, sentences } of plantedRelations) {
      for (const [side, forms] of sentences.entries()) {
        for (const word of forms.flatMap((form) => form.split(" "))) {
          owners.set(word, (owners.get(word) ?? new Set()).add(`${name} ${side}`));
        }
      }
    }
    for (const { name, sentences } of plantedRelations) {
      for (const [side, forms] of sentences.entries()) {
        for (const form of forms) {
          // Each sentence has a word that says the side, so that the side is known from what is near.
          const own = form.split(" ").filter((word) => owners.get(word)?.size === 1);
          expect(own, `${name} ${side}: ${form}`).not.toEqual([]);
        }
      }
    }
  });

  test("what is asked are the pairs", () => {
    expect(relations.map(({ name, pairs }) => [name, pairs.map((pair) => pair.map(wordOf))])).toEqual(
      plantedRelations.map(({ name, pairs }) => [name, pairs.map(([a, b]) => [a, b])]),
    );
  });
});

test("sentences that are held out are never drawn", () => {
  const random = randomOf(3, 0);
  const all = new Set(Array.from({ length: 20_000 }, () => sentenceOf(random)));
  const held = [...all].filter(isHeldOut);
  expect(held.length / all.size).toBeGreaterThan(0.02);
  expect(held.length / all.size).toBeLessThan(0.08);
});

test("a word and those near it, within the window", () => {
  const random = randomOf(1, 0);
  const near = wordVectors.examples(1, "");
  const neighbours = new Set(
    Array.from({ length: 20_000 }, () => near.draw(random)).flatMap(({ prompt, answer }) =>
      wordOf(prompt) === "city" ? [wordOf(answer)] : [],
    ),
  );
  expect([...neighbours].sort()).toEqual([".", "a"]);
});

describe("a look at word vectors", () => {
  // Each word is the sum of its pair's direction and its side's: analogies hold.
  const width = 64;
  const axis = (...ones: readonly number[]) => Float64Array.from({ length: width }, (_, i) => Number(ones.includes(i)));
  const ids = [...alphabet];
  const placeOf = new Map<string, Float64Array>();
  for (const [r, { pairs }] of relations.entries()) {
    const begin = relations.slice(0, r).reduce((sum, one) => sum + one.pairs.length, 0);
    for (const [i, [first, second]] of pairs.entries()) {
      placeOf.set(first, axis(begin + i));
      placeOf.set(second, axis(begin + i, width - 1 - r));
    }
  }
  const vectors = ids.map((character) => placeOf.get(character) ?? new Float64Array(width));

  test("analogies of planted vectors are right, and the map has the pairs on parallel lines", () => {
    const { accuracy, samples, words } = wordLookOf(vectors, examples);
    expect(accuracy).toBe(1);
    expect(samples[0]).toEqual({ prompt: "france is to paris what italy is to", answer: "rome", given: "rome" });
    expect(words.maps.map(({ name }) => name)).toEqual(relations.map(({ name }) => name));
    for (const { words: names, points } of words.maps) {
      expect(points).toHaveLength(names.length);
      const steps = names.flatMap((_, i) => {
        const [from, to] = [points[i], points[i + 1]];
        return i % 2 === 0 && from && to ? [[to[0] - from[0], to[1] - from[1]]] : [];
      });
      for (const [x = 0, y = 0] of steps) {
        expect(x).toBeCloseTo(steps[0]?.[0] ?? Number.NaN, 3);
        expect(y).toBeCloseTo(steps[0]?.[1] ?? Number.NaN, 3);
      }
    }
    expect(words.neighbours[0]?.word).toBe("france");
    expect(words.neighbours[0]?.near[0]).toBe("paris");
  });

  test("vectors that say nothing have few analogies right", () => {
    const random = randomOf(9, 0);
    const { accuracy } = wordLookOf(
      ids.map(() => Float64Array.from({ length: width }, () => random() - 0.5)),
      examples,
    );
    expect(accuracy).toBeLessThan(0.05);
  });

  test("the plane of points of a plane has their distances", () => {
    const points = [
      [3, 0],
      [0, 1],
      [-3, 0],
      [0, -1],
      [2, 2],
    ];
    const rotated = points.map(([x = 0, y = 0]) => Float64Array.of(0.6 * x, y, 0.8 * x, 5));
    const found = planeOf(rotated, Float64Array.of(1, 1, 1, 0));
    for (const [i, [x = 0, y = 0]] of points.entries()) {
      for (const [j, [z = 0, w = 0]] of points.entries()) {
        const [a, b] = [found[i], found[j]];
        const distance = Math.hypot((a?.[0] ?? 0) - (b?.[0] ?? 0), (a?.[1] ?? 0) - (b?.[1] ?? 0));
        expect(distance).toBeCloseTo(Math.hypot(x - z, y - w), 6);
      }
    }
  });
});
