import { section, seed } from "../experiment.ts";
import { longPassage, passage } from "../texts.ts";

export const writing = {
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
      "The mean loss of tokens with 1 to 8 tokens before them is over 0.3 nats higher than that of tokens with more; and when prompt and text fill the context, generation ends.",
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
      "Of 2,048 tokens top-k 10 leaves 10, top-p 0.9 fewer than 300 and min-p 0.1 fewer than 20; the log-probability of the text of 4 beams is at least 3 nats above the greedy one's, e³ = 20 times the probability, and above those of all drawn texts.",
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
} as const;
