import { below, split } from "./random.ts";
import type { Task } from "./task.ts";

const padded = (value: number, digits: number) => String(value).padStart(digits, "0");

/** Addition with the result's digits reversed, as minGPT has it (Karpathy 2020): each digit needs only those so far. */
export const addition: Task = {
  name: "addition",
  title: "Add",
  group: "Numbers",
  says: "The sum of two numbers, its last digit first, so that carries go the way that the model writes: 47+38= → 580.",
  length: { label: "digits", range: [1, 4], standard: 2 },
  standard: { heads: 4, learningRate: 2e-3, schedule: "cosine", warmup: 50, steps: 3000, every: 50 },
  examples: (length) => ({
    ...{ alphabet: "0123456789+=", promptLength: 2 * length + 2, answerLength: length + 1 },
    ...{ wholeLoss: false, scored: "exact", readable: (text: string) => text },
    ...split((random) => {
      const [a, b] = [below(random, 10 ** length), below(random, 10 ** length)];
      const answer = [...padded(a + b, length + 1)].toReversed().join("");
      return { prompt: `${padded(a, length)}+${padded(b, length)}=`, answer };
    }, 0.05),
  }),
};
