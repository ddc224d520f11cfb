import { section, seed } from "../experiment.ts";

export const inside = {
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
      "Trained on 16 tokens and asked beyond twice that length, a decoder with ALiBi still answers at least 65 % of the questions, and with learned positions, with sinusoids or without positions at most 50 %.",
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
      "Each token goes to 2 of 8 experts, so that it uses less than half of the parameters; and for some expert the share of tokens that it gets differs by at least 20 percentage points between two voices.",
    holds: (found) =>
      found["experts of a token"] === 2 &&
      found["experts of a layer"] === 8 &&
      (found["share of the parameters that a token uses"] ?? 1) < 0.5 &&
      (found["largest difference between voices of an expert's share"] ?? 0) >= 0.2,
  }),
} as const;
