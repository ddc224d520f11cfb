import { answered } from "./pairs.ts";
import { below, split } from "./random.ts";
import type { Task } from "./task.ts";

const padded = (value: number, digits: number) => String(value).padStart(digits, "0");

/** Sums of numbers, with the digits of the answer in some order. */
const sums = (
  about: Pick<Task, "name" | "title" | "says">,
  ofThree: string,
  inOrder: (digits: readonly string[]) => readonly string[],
): Task => ({
  ...about,
  group: "Numbers",
  length: { label: "digits", range: [1, 4], standard: 2 },
  variations: [{ title: "Three digits", says: ofThree, settings: { length: 3 } }],
  standard: { heads: 4, learningRate: 2e-3, schedule: "cosine", warmup: 50, steps: 3000, every: 50 },
  examples: (length) =>
    answered({
      alphabet: "0123456789+=",
      promptLength: 2 * length + 2,
      answerLength: length + 1,
      ...split((random) => {
        const [a, b] = [below(random, 10 ** length), below(random, 10 ** length)];
        const answer = inOrder([...padded(a + b, length + 1)]).join("");
        return { prompt: `${padded(a, length)}+${padded(b, length)}=`, answer };
      }, 0.05),
    }),
});

/** Addition with the result's digits reversed, as in minGPT (Karpathy 2020): each digit needs only those so far. */
export const addition = sums(
  {
    name: "addition",
    title: "Add",
    says: "The sum of two numbers, its last digit first, so that carries go the way that the model writes: 47+38= → 580.",
  },
  "Each digit needs two digits and a carry, however many there are: three are learnt in about the steps that two take.",
  (digits) => digits.toReversed(),
);

/** Addition as people write it: the first digit needs all carries before any is written. */
export const additionForwards = sums(
  {
    name: "addition-forwards",
    title: "Add, first digit first",
    says: "The sum of two numbers as people write it: 47+38= → 085. Whether the first digit is a 0 or a 1 depends on all the others, before any of them is written. Of two digits that is learnt as soon; of three it is not.",
  },
  "A carry may go through all three digits before the first one is written: in nearly twice the steps of the reversed sum that is not wholly learnt.",
  (digits) => digits,
);
