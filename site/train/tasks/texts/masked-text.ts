import type { Example, Task } from "../task.ts";
import { bytesOf, characters, kindsIn, plain, textOf } from "./characters.ts";
import { windowsOf } from "./windows.ts";

/** A window, read as a whole. */
const whole = ({ prompt, answer }: Example): Example => ({ prompt: "", answer: prompt + answer });

/** Masked characters of a text, which an encoder fills in. */
export const maskedText: Task = {
  ...characters,
  name: "masked-text",
  title: "Fill in characters",
  says: "Characters of a text are masked, and an encoder, which sees what stands before them and after them, fills them in. The text is yours, or the amendments to the Constitution of the United States; its last tenth is held out.",
  counted: "the masked characters",
  architectures: ["bert"],
  // In longer windows it takes far longer to learn which positions are near one another.
  length: { ...characters.length, standard: 16 },
  standard: {
    layers: 2,
    heads: 4,
    batch: 128,
    learningRate: 4e-3,
    schedule: "cosine",
    warmup: 50,
    steps: 800,
    every: 50,
  },
  examples: (context, given) => {
    const text = bytesOf(plain(given));
    const { draw, heldOut } = windowsOf(text, context - 1, "bytes", "the text", context);
    return {
      promptLength: 0,
      answerLength: context,
      wholeLoss: true,
      scored: "next",
      guess: "neighbours",
      alphabet: [...new Set(text)].sort().join(""),
      readable: textOf,
      kinds: [kindsIn(text)],
      draw: (random) => whole(draw(random)),
      heldOut: (most) => heldOut(most).map(whole),
    };
  },
};
