// The course's sections in their order. Their texts are in docs/course.md, under the same titles.
import type { Section, Settings } from "./experiment.ts";
import { longPassage, passage, sameMeaning } from "./texts.ts";

const seed = { label: "seed", value: 1, least: 0, most: 1_000_000 };

const section = <const S extends Settings>(given: Section<S>): Section<S> => given;

export const sections = {
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
      "A bag of words is right about the mood of every sentence, and about who acts of half of them, as by guessing: for it the two sentences are one.",
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
      "For 10 of 10 queries the sentence that means the same comes first by the encoder's vectors, by the means of the words' own vectors for at most 5, and by bags of words for none.",
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
  recurrent: section({
    title: "Recurrent encoder-decoder",
    settings: {
      word: { label: "your word, of the letters a to h", value: "badcafe", longest: 32 },
      longest: { label: "letters of the longest word", value: 16, least: 4, most: 32 },
      width: { label: "numbers of the state", value: 48, least: 1, most: 256 },
      steps: { label: "steps", value: 300, least: 1, most: 5000 },
      rate: { label: "learning rate", value: 0.02, least: 0, most: 1 },
      seed,
    },
    quick: { longest: 8, steps: 130 },
    claim:
      "A model that keeps a word in one state writes at least 90 % of the words of two letters without a mistake, and at most 10 % of the longest.",
    holds: (found) => (found["right at two letters"] ?? 0) >= 0.9 && (found["right at the longest"] ?? 1) <= 0.1,
  }),
  "attention-2014": section({
    title: "The attention of 2014",
    settings: {
      word: { label: "your word, of the letters a to h", value: "badcafe", longest: 32 },
      longest: { label: "letters of the longest word", value: 16, least: 4, most: 32 },
      width: { label: "numbers of the state", value: 48, least: 1, most: 256 },
      steps: { label: "steps", value: 300, least: 1, most: 5000 },
      rate: { label: "learning rate", value: 0.02, least: 0, most: 1 },
      seed,
    },
    quick: { longest: 8, steps: 170 },
    claim:
      "With attention, at least 60 % of the longest words are written without a mistake; without it, at most 10 %.",
    holds: (found) =>
      (found["right at the longest with attention"] ?? 0) >= 0.6 && (found["right at the longest without"] ?? 1) <= 0.1,
  }),
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
      "Of the pairs of n words an encoder sees all n², a decoder n (n + 1) / 2, an encoder-decoder those of its source, half of the target's, and each target word with each of the source; padding is never seen.",
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
      steps: { label: "steps of fine-tuning", value: 12, least: 2, most: 300 },
      rate: { label: "learning rate", value: 1e-3, least: 0, most: 1 },
      seed,
    },
    models: ["voices-encoder"],
    claim:
      "From the words on both sides the encoder finds at least half of the hidden words among five, with a loss at least half a nat lower than from the words before alone; and fine-tuned on 20 sentences it names the voice of at least half of 40 others, at least 10 % more than the same net with fresh weights.",
    holds: (found) =>
      (found["found from both sides"] ?? 0) >= 0.5 &&
      (found["loss from the words before, nats"] ?? 0) - (found["loss from both sides, nats"] ?? 0) >= 0.5 &&
      (found["voices right, pre-trained"] ?? 0) >= 0.5 &&
      (found["voices right, pre-trained"] ?? 0) - (found["voices right, fresh weights"] ?? 0) >= 0.1,
  }),
  gpt: section({
    title: "GPT",
    models: ["voices-nano"],
    settings: {
      text: { label: "text to predict", value: longPassage, longest: 8000 },
      context: { label: "context, tokens", value: 64, least: 16, most: 256 },
      stride: { label: "tokens from one window to the next", value: 8, least: 1, most: 64 },
      prompt: { label: "beginning", value: "<|whale|>The sea was", longest: 400 },
    },
    quick: { stride: 24 },
    claim:
      "With 8 tokens or fewer before it, the next token costs over 0.3 nats more than with more of them; and when prompt and text fill the context, the generation ends.",
    holds: (found) =>
      (found["loss after 1 to 8 tokens"] ?? 0) - (found["loss after more"] ?? 9) > 0.3 &&
      found["tokens in the first context"] === found["context"] &&
      found["ended by the context"] === 3,
  }),
  decoding: section({
    title: "The head and decoding strategies",
    models: ["voices-nano"],
    settings: {
      prompt: { label: "beginning", value: "<|union|>The people of the", longest: 400 },
      tokens: { label: "tokens to write", value: 20, least: 1, most: 100 },
      temperature: { label: "temperature", value: 0.5, least: 0.01, most: 10 },
      topK: { label: "top-k", value: 10, least: 1, most: 2048 },
      topP: { label: "top-p", value: 0.9, least: 0, most: 1 },
      minP: { label: "min-p", value: 0.1, least: 0, most: 1 },
      beams: { label: "beams", value: 4, least: 2, most: 16 },
      seed,
    },
    quick: { tokens: 10 },
    claim:
      "Of 2,048 tokens top-k 10 leaves 10, top-p 0.9 fewer than 300 and min-p 0.1 fewer than 20; the text of 4 beams is at least 3 nats more probable than the greedy one, and more probable than every drawn one.",
    holds: (found) =>
      found["kept by top-k"] === 10 &&
      (found["kept by top-p"] ?? 2048) < 300 &&
      (found["kept by min-p"] ?? 2048) < 20 &&
      (found["with beams"] ?? -999) > (found["log-probability, greedy"] ?? 0) + 3 &&
      (found["with beams"] ?? -999) > (found["the best drawn text"] ?? 0),
  }),
  cache: section({
    title: "Prompt in parallel, and the cache",
    models: ["voices-nano"],
    settings: {
      prompt: { label: "prompt", value: passage, longest: 800 },
      tokens: { label: "tokens to write", value: 40, least: 1, most: 100 },
    },
    quick: { prompt: "<|whale|>The sea was", tokens: 8 },
    claim:
      "A prompt of m tokens is read in 1 pass instead of m; for n more tokens a cache leaves m + n − 1 positions to compute, instead of n·m + n(n − 1)/2 without one, and the text is the same.",
    holds: (found) => {
      const [m = 0, n = 0] = [found["tokens of the prompt, m"], found["tokens written, n"]];
      return (
        found["passes at once"] === 1 &&
        found["passes a token at a time"] === m &&
        found["positions with the cache"] === m + n - 1 &&
        found["positions without"] === n * m + (n * (n - 1)) / 2 &&
        found["texts are equal"] === 1
      );
    },
  }),
  block: section({
    title: "A block",
    settings: {
      text: {
        label: "a text",
        value: "<|scripture|>And the LORD spake unto Moses, saying, Speak unto the children of Israel",
        longest: 400,
      },
    },
    models: ["voices-nano"],
    claim:
      "After one layer the head's loss is at least 1 nat above that after all four, and no layer can be switched off without a loss above that of the whole model.",
    holds: (found) => {
      const { "loss after all layers": whole = Number.NaN } = found;
      return (
        (found["loss after one layer"] ?? 0) - whole > 1 && (found["least loss with a layer switched off"] ?? 0) > whole
      );
    },
  }),
  norms: section({
    title: "Post-norm and pre-norm",
    settings: {
      layers: { label: "layers", value: 4, least: 1, most: 16 },
      width: { label: "width", value: 32, least: 8, most: 128 },
      warmup: { label: "steps of warm-up", value: 40, least: 1, most: 1000 },
      steps: { label: "steps", value: 80, least: 1, most: 1000 },
      rate: { label: "learning rate", value: 0.01, least: 0, most: 1 },
      seed,
    },
    quick: { warmup: 32, steps: 48 },
    claim:
      "Without warm-up, the loss of post-norm stays above 3.7 nats; with it, and of pre-norm with it or without, it falls below 3.",
    holds: (found) =>
      (found["post-norm, without warm-up"] ?? 0) > 3.7 &&
      (found["post-norm, with warm-up"] ?? 9) < 3 &&
      (found["pre-norm, without warm-up"] ?? 9) < 3 &&
      (found["pre-norm, with warm-up"] ?? 9) < 3,
  }),
  "self-attention": section({
    title: "Self-attention in two steps",
    settings: {
      tokens: { label: "tokens", value: "the cat sat", longest: 60 },
      queries: { label: "queries, a row a token", value: "1 0; 0 2; 1 1", longest: 200 },
      keys: { label: "keys", value: "0 1; 2 0; 0 1", longest: 200 },
      values: { label: "values", value: "1 0 0; 0 1 0; 0 0 1", longest: 200 },
      text: { label: "a text for the real head", value: "<|whale|>The captain stood upon the deck", longest: 200 },
      layer: { label: "layer", value: 2, least: 1, most: 4 },
      head: { label: "head", value: 1, least: 1, most: 4 },
    },
    models: ["voices-nano"],
    claim:
      "Two products with a softmax between them give what one kernel gives that never stores the scores, within 0.00001; and the weights of each token sum to 1.",
    holds: (found) =>
      (found["largest difference of two steps and one kernel"] ?? 1) < 1e-5 &&
      (found["largest difference of a row's sum from 1"] ?? 1) < 1e-5,
  }),
  heads: section({
    title: "Heads, multi-query, grouped-query",
    settings: {
      heads: { label: "heads of queries", value: "4", choices: ["2", "4", "8"] },
      layers: { label: "layers", value: 2, least: 1, most: 8 },
      width: { label: "width", value: 32, least: 8, most: 256 },
      tokens: { label: "tokens of the cache", value: 1024, least: 64, most: 16_384 },
      steps: { label: "steps", value: 100, least: 1, most: 2000 },
      rate: { label: "learning rate", value: 0.01, least: 0, most: 1 },
      seed,
    },
    quick: { steps: 60, tokens: 256 },
    claim:
      "With half and a quarter of the key/value heads the cache has half and a quarter of the bytes, and all three losses end below 2 nats, less than 0.1 apart.",
    holds: (found) => {
      const losses = ["multi-head", "grouped-query", "multi-query"].map((kind) => found[`loss of ${kind}`] ?? 9);
      return (
        found["cache of grouped-query, of that of multi-head"] === 1 / 2 &&
        found["cache of multi-query, of that of multi-head"] === 1 / 4 &&
        Math.max(...losses) < 2 &&
        Math.max(...losses) - Math.min(...losses) < 0.1
      );
    },
  }),
  sparse: section({
    title: "Local, sparse, ring",
    settings: {
      text: {
        label: "a text of at most 40 words",
        value: "In the beginning God created the heaven and the earth and the earth was without form and void",
        longest: 400,
      },
      window: { label: "words of the window", value: 4, least: 1, most: 40 },
      stride: { label: "stride", value: 4, least: 1, most: 40 },
      devices: { label: "devices of the ring", value: 4, least: 1, most: 8 },
      tokens: { label: "tokens on the ring", value: 128, least: 8, most: 1024 },
      seed,
    },
    quick: { tokens: 32 },
    claim:
      "Of a causal text's pairs a window of 4 words keeps less than half; a ring of 4 devices keeps all, with a quarter of the keys on each, and gives the same result within 0.00001.",
    holds: (found) =>
      (found["share of causal pairs, local"] ?? 1) < 0.5 && (found["largest difference of the ring"] ?? 1) < 1e-5,
  }),
  positions: section({
    title: "Positions",
    settings: {
      notebook: { label: "your notebook, which ends with a question", value: "a1 b2 a3 c1 b4 a?", longest: 400 },
      schemes: { label: "schemes of positions", value: "none learned sinusoidal rotary ALiBi", longest: 60 },
      length: { label: "tokens of a text in training", value: 16, least: 8, most: 64 },
      layers: { label: "layers", value: 1, least: 1, most: 4 },
      width: { label: "width", value: 32, least: 8, most: 128 },
      steps: { label: "steps", value: 140, least: 1, most: 2000 },
      rate: { label: "learning rate", value: 0.012, least: 0, most: 1 },
      seed,
    },
    quick: { schemes: "learned ALiBi", length: 12 },
    claim:
      "Beyond twice the trained length, a decoder with ALiBi still answers at least 65 % of the questions, and with learned positions, with sinusoids or without positions at most 50 %.",
    holds: (found) =>
      (found["ALiBi, beyond twice that"] ?? 0) >= 0.65 &&
      (found["learned, beyond twice that"] ?? 1) <= 0.5 &&
      (found["sinusoidal, beyond twice that"] ?? 0) <= 0.5 &&
      (found["none, beyond twice that"] ?? 0) <= 0.5,
  }),
  mixture: section({
    title: "Mixture of experts",
    settings: {
      text: { label: "a text", value: "<|whale|>The old captain stood upon the deck", longest: 400 },
      layer: { label: "layer", value: 2, least: 1, most: 4 },
    },
    models: ["voices-moe"],
    claim:
      "Each token goes to 2 of 8 experts, so that it uses less than half of the parameters; and some expert gets at least 20 % more of the tokens of one voice than of another.",
    holds: (found) =>
      found["experts of a token"] === 2 &&
      found["experts of a layer"] === 8 &&
      (found["share of the parameters that a token uses"] ?? 1) < 0.5 &&
      (found["largest difference between voices of an expert's share"] ?? 0) >= 0.2,
  }),
} as const;

export type SectionId = keyof typeof sections;
export type SettingsOf<Id extends SectionId> = (typeof sections)[Id]["settings"];

/** The sections' ids, in order. */
export const sectionIds = Object.keys(sections) as readonly SectionId[];
