import { answered } from "./pairs.ts";
import { below, split } from "./random.ts";
import type { Task } from "./task.ts";

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/**
 * Addition of remainders (Power et al. 2022): the training pairs are memorised early; the others follow much later,
 * with enough weight decay. A number is one character.
 */
export const modular: Task = {
  name: "modular",
  title: "Add remainders",
  group: "Numbers",
  says: "The remainder of a sum when it is divided by the modulus; each number is one character, of 0–9, A–Z, a–z. Of all pairs four in ten are held out.",
  length: { label: "modulus", range: [5, 61], standard: 23 },
  standard: { layers: 1, heads: 4, headWidth: 32, batch: 128, learningRate: 1e-3, weightDecay: 1, steps: 10_000 },
  examples: (modulus) =>
    answered({
      alphabet: `${digits.slice(0, modulus)}+=`,
      promptLength: 4,
      answerLength: 1,
      ...split((random) => {
        const [a, b] = [below(random, modulus), below(random, modulus)];
        return { prompt: `${digits[a]}+${digits[b]}=`, answer: digits[(a + b) % modulus] ?? "" };
      }, 0.4),
    }),
};
