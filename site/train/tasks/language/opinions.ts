import { answered } from "../pairs.ts";
import { below, pick, split } from "../random.ts";
import { decoders, type Random, type Task } from "../task.ts";
import { wordsOf } from "./words.ts";

const things = ["food", "film", "room", "music", "staff", "story", "view", "price"];
const good = ["good", "great", "lovely", "fine"];
const bad = ["bad", "awful", "poor", "dull"];
const verbs = ["was", "is", "seemed"];
const intensifiers = ["very", "really", "quite"];

const words = wordsOf([...things, ...good, ...bad, ...verbs, ...intensifiers, "the", "not", "but", "although"]);

/** The longest clause: the food was not very good. */
const clauseLength = 6;

/** An opinion on one thing: its words, and whether it is positive. */
function clause(random: Random): readonly [text: string, isGood: boolean] {
  const [praises, denies] = [random() < 0.5, random() < 0.5];
  const parts = ["the", pick(random, things), pick(random, verbs)];
  if (denies) parts.push("not");
  if (random() < 0.5) parts.push(pick(random, intensifiers));
  parts.push(pick(random, praises ? good : bad));
  return [parts.join(" "), praises !== denies];
}

/** Whether sentences are for or against a thing, which words alone do not show: "not" and "although" invert it. */
export const opinions: Task = {
  name: "opinions",
  title: "Judge",
  group: "Sentences",
  says: "Whether a sentence praises (+) or blames (−) in the end: the food was good but the film was not good = → -. What follows “but” decides, and what stands before “although”. An encoder reads all words and their order. The dashed line is what counting words reaches, whatever their order.",
  length: { label: "clauses", range: [1, 3], standard: 2 },
  architectures: ["bert", "bag-of-words", "mean-of-word-vectors", ...decoders],
  standard: { layers: 2, heads: 4, learningRate: 2e-3, warmup: 50, steps: 3000, every: 50 },
  standardOf: {
    "bag-of-words": { learningRate: 2e-2, weightDecay: 0 },
    "mean-of-word-vectors": { width: 32, learningRate: 1e-2, weightDecay: 0 },
  },
  variations: [
    {
      title: "Bag of words",
      says: "A weight for each word, and how often it comes: about half is right, as by guessing. “Not good” and “good, not bad” have the same kind of words.",
      settings: { architecture: "bag-of-words", steps: 1000 },
    },
    {
      title: "Mean of word vectors",
      says: "A vector for each word, and their mean: the order is lost as well, and no more is right.",
      settings: { architecture: "mean-of-word-vectors", steps: 1000 },
    },
    {
      title: "Decoder",
      says: "It reads from left to right and says the sign as the next word: that takes several times as many steps.",
      settings: { architecture: "gpt2" },
    },
  ],
  examples: (most) =>
    answered({
      ...words.tokensWith("=+-."),
      promptLength: most * (clauseLength + 1),
      answerLength: 2,
      end: ".",
      labels: "+-",
      guess: "words",
      ...split((random) => {
        let [text, isGood] = clause(random);
        const others = below(random, most);
        for (let i = 0; i < others; i++) {
          const [more, isToo] = clause(random);
          const turns = random() < 0.5;
          text = `${text} ${turns ? "but" : "although"} ${more}`;
          if (turns) isGood = isToo;
        }
        return { prompt: `${words.of(text)}=`, answer: isGood ? "+." : "-." };
      }, 0.1),
    }),
};
