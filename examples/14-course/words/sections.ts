import { section, seed } from "../experiment.ts";
import { longPassage, passage, sameMeaning } from "../texts.ts";

export const words = {
  "language-model": section({
    title: "What a language model does",
    models: ["voices-nano"],
    settings: {
      prompt: { label: "beginning", value: "<|whale|>The captain of the", longest: 400 },
      tokens: { label: "tokens to write", value: 16, least: 1, most: 100 },
      temperature: { label: "temperature", value: 0.8, least: 0, most: 10 },
      seed,
      passage: { label: "text to read", value: passage, longest: 600 },
    },
    quick: { tokens: 2, passage: passage.slice(0, 70) },
    claim:
      "In more than 40 % of the places of a text that the model has not read, the token that comes next is among its ten likeliest of 2,048; by guessing it would be in 0.5 %.",
    holds: (found) =>
      (found["share where it is among the ten likeliest"] ?? 0) > 0.4 && (found["share by guessing ten"] ?? 1) < 0.005,
  }),
  tokens: section({
    title: "Tokens",
    settings: {
      text: { label: "text", value: longPassage.slice("<|union|>".length), longest: 4000 },
      vocabulary: { label: "vocabulary to learn from the text", value: 400, least: 257, most: 4000 },
    },
    quick: { text: passage.slice("<|union|>".length), vocabulary: 300 },
    claim:
      "Pieces learnt from other texts cut this one into less than a third as many tokens as it has characters, and a layer of attention then needs less than a ninth of the operations.",
    holds: (found) =>
      (found["tokens of four books' pieces, of characters"] ?? 1) < 1 / 3 &&
      (found["operations, likewise"] ?? 1) < 1 / 9,
  }),
  "bag-of-words": section({
    title: "Bag of words",
    settings: {
      first: { label: "first sentence", value: "the dog chased the cat gladly", longest: 80 },
      second: { label: "second sentence", value: "the cat chased the dog gladly", longest: 80 },
      steps: { label: "steps", value: 100, least: 1, most: 1000 },
      rate: { label: "learning rate", value: 0.1, least: 0, most: 10 },
      seed,
    },
    claim:
      "A bag of words is right about the mood in every sentence, but about who acts in only half of them, as by guessing: it cannot tell a sentence from the one with the animals swapped.",
    holds: (found) =>
      found["right about the mood"] === 1 &&
      found["right about who acts"] === 0.5 &&
      (found["largest difference of the logits"] ?? 1) < 1e-6,
  }),
  "word-vectors": section({
    title: "Word vectors",
    settings: {
      word: { label: "your word", value: "paris", longest: 20 },
      three: { label: "a is to b as c is to …", value: "france paris italy", longest: 60 },
      relation: { label: "relation to draw", value: "capitals", choices: ["capitals", "women", "plurals"] },
      width: { label: "numbers of a vector", value: 16, least: 1, most: 256 },
      window: { label: "words to each side", value: 5, least: 1, most: 5 },
      steps: { label: "steps", value: 300, least: 1, most: 5000 },
      rate: { label: "learning rate", value: 0.05, least: 0, most: 1 },
      seed,
    },
    quick: { steps: 160 },
    claim: "At least 95 % of the 180 planted analogies are right: a relation is a direction.",
    holds: (found) => (found["planted analogies that are right"] ?? 0) >= 0.95,
  }),
  sentences: section({
    title: "Sentences and documents",
    models: ["use-lite"],
    settings: {
      sentences: {
        label: "sentences, one on each line",
        value: sameMeaning.map(([one]) => one).join("\n"),
        longest: 4000,
      },
      query: { label: "query", value: "Doctors cure the patients of this hospital.", longest: 200 },
    },
    quick: {
      sentences: sameMeaning
        .slice(0, 3)
        .map(([one]) => one)
        .join("\n"),
    },
    claim:
      "Ten queries in other words are put to ten sentences. The encoder ranks the right sentence first for all 10, the average of the encoder's own input vectors for at most 5, and bags of words for none.",
    holds: (found) =>
      found["first by the encoder"] === 10 &&
      found["first by bags of words"] === 0 &&
      (found["first by means of words' vectors"] ?? 10) <= 5,
  }),
  contextual: section({
    title: "Static against contextual",
    models: ["voices-encoder"],
    settings: {
      word: { label: "word", value: "left", longest: 30 },
      first: {
        label: "sentences with its first sense, one on each line",
        value:
          "He held the rope in his left hand.\nTurn not to the right hand nor to the left.\nShe stood on his left side.",
        longest: 1000,
      },
      second: {
        label: "sentences with its second sense",
        value: "They left the ship at noon.\nHe left his wife and children.\nWe left the harbor in the morning.",
        longest: 1000,
      },
    },
    claim:
      "Before the first layer the word has one vector, with a cosine of 1 in any two sentences; after the last the mean cosine is below 0.85 for two senses and above 0.87 for one.",
    holds: (found) =>
      (found["smallest cosine before the first layer"] ?? 0) > 0.999 &&
      (found["cosine of two senses after the last"] ?? 1) < 0.85 &&
      (found["cosine of one sense after the last"] ?? 0) > 0.87,
  }),
} as const;
