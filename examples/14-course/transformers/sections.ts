import { section, seed } from "../experiment.ts";

export const transformers = {
  "transformer-2017": section({
    title: "The Transformer of 2017",
    settings: {
      text: { label: "a date in words", value: "the third of March, two thousand and twenty-one", longest: 100 },
      layer: { label: "layer of the decoder, 0 for the mean", value: 0, least: 0, most: 2 },
    },
    models: ["dates"],
    claim: "All twelve dates are written right, and the last digit of each attends most to the word that says the day.",
    holds: (found) => found["written right"] === 1 && found["last digits that attend to the day"] === 1,
  }),
  architectures: section({
    title: "Three architectures",
    settings: {
      source: { label: "the source", value: "the cat sat on the old red mat", longest: 200 },
      target: { label: "what is written", value: "le chat était sur le tapis", longest: 200 },
      padding: { label: "padded places", value: 2, least: 0, most: 16 },
    },
    claim:
      "Of the pairs of n words an encoder sees all n², a decoder n (n + 1) / 2, an encoder-decoder with n words of source and m of target n² + m (m + 1) / 2 + n · m; padding is never seen.",
    holds: ({ words: n = Number.NaN, "words written": m = Number.NaN, ...found }) =>
      found["pairs of an encoder"] === n * n &&
      found["pairs of a decoder"] === (n * (n + 1)) / 2 &&
      found["pairs of an encoder-decoder"] === n * n + (m * (m + 1)) / 2 + m * n,
  }),
  bert: section({
    title: "BERT",
    settings: {
      text: {
        label: "a text with [MASK] where a word is hidden",
        value: "And the [MASK] said unto Moses, Go unto Pharaoh.",
        longest: 300,
      },
      top: { label: "words that may be right", value: 5, least: 1, most: 50 },
      steps: { label: "steps of fine-tuning", value: 10, least: 2, most: 300 },
      rate: { label: "learning rate", value: 1e-3, least: 0, most: 1 },
      seed,
    },
    models: ["voices-encoder"],
    claim:
      "With the words on both sides, the encoder has at least half of 12 hidden words among its five likeliest, and a loss at least half a nat lower than with only the words before. Fine-tuned on 20 sentences, it names the right one of four voices for at least half of 40 others, and for at least 10 percentage points more than the same net from fresh weights.",
    holds: (found) =>
      (found["found from both sides"] ?? 0) >= 0.5 &&
      (found["loss from the words before, nats"] ?? 0) - (found["loss from both sides, nats"] ?? 0) >= 0.5 &&
      (found["voices right, pre-trained"] ?? 0) >= 0.5 &&
      (found["voices right, pre-trained"] ?? 0) - (found["voices right, fresh weights"] ?? 0) >= 0.1,
  }),
} as const;
