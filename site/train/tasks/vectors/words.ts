import { wordsOf } from "../language/words.ts";
import { below, pick, randomOf, shareOf } from "../random.ts";
import type { Example, Random, Relation, Task } from "../task.ts";
import { plantedRelations } from "./relations.ts";

const words = wordsOf(
  plantedRelations.flatMap(({ pairs, sentences }) => [
    ...pairs.flatMap(([first, second, near]) => [first, second, ...near]),
    ...sentences.flat().flatMap((sentence) => sentence.split(" ").filter((word) => word !== "*" && word !== "#")),
  ]),
);

/** The relations to score, by the characters of their words. */
const relations: readonly Relation[] = plantedRelations.map(({ name, pairs }) => ({
  name,
  pairs: pairs.map(([first, second]) => [words.of(first), words.of(second)] as const),
}));

/** One in so many sentences is held out. */
const heldOutShare = 0.05;

/** A sentence about one side of a pair: its words and the full stop, each a character. */
export function sentenceOf(random: Random): string {
  const { pairs, sentences } = pick(random, plantedRelations);
  const side = below(random, 2);
  const pair = pick(random, pairs);
  const form = pick(random, sentences[side] ?? []);
  return `${words.of(form.replace("*", pair[side] as string).replace("#", pick(random, pair[2])))}.`;
}

/** True for held-out sentences. */
export const isHeldOut = (sentence: string): boolean => shareOf(sentence) < heldOutShare;

/** A word of a sentence, and one of its neighbours. */
function pairOf(random: Random, sentence: string, window: number): Example {
  const at = below(random, sentence.length);
  const [begin, end] = [Math.max(0, at - window), Math.min(sentence.length, at + window + 1)];
  const near = begin + below(random, end - begin - 1);
  return { prompt: sentence[at] ?? "", answer: sentence[near < at ? near : near + 1] ?? "" };
}

/**
 * Word vectors by skip-grams (Mikolov et al. 2013), with a softmax over all words: a word predicts its neighbours.
 * Words of a pair share neighbours, and so do all first and all second words of a relation: differences become
 * parallel.
 */
export const wordVectors: Task = {
  name: "words",
  title: "Word vectors",
  group: "Sentences",
  says: "A word, and which words stand near it: paris → mayor, cheese. Nothing says which is a capital of which; yet the vectors come to know: paris − france + italy is nearest to rome. Right are analogies whose fourth word comes first.",
  length: { label: "words to each side", range: [1, 5], standard: 4 },
  counted: "the analogies",
  architectures: ["skip-gram"],
  standard: { width: 32, batch: 512, learningRate: 1e-2, weightDecay: 0, steps: 1000, every: 50 },
  examples: (window) => {
    const drawn = (random: Random, wanted: boolean) => {
      for (;;) {
        const sentence = sentenceOf(random);
        if (isHeldOut(sentence) === wanted) return pairOf(random, sentence, window);
      }
    };
    return {
      ...words.tokensWith("."),
      promptLength: 1,
      answerLength: 1,
      wholeLoss: false,
      scored: "exact",
      relations,
      draw: (random) => drawn(random, false),
      heldOut: (most) => {
        const random = randomOf(0x5eed, 2);
        return Array.from({ length: most }, () => drawn(random, true));
      },
    };
  },
};
