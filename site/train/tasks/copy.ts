import { answered, ofPairs } from "./pairs.ts";
import { letters, split } from "./random.ts";
import type { Task } from "./task.ts";

const alphabet = "abcdefgh";

/** A task whose answer is made of the letters before a mark. */
const afterMark = (
  about: Pick<Task, "name" | "title" | "says" | "variations">,
  answerOf: (prompt: readonly string[]) => readonly string[],
): Task => ({
  ...about,
  ...ofPairs,
  group: "Symbols",
  length: { label: "letters", range: [3, 16], standard: 8 },
  examples: (length) =>
    answered({
      ...{ alphabet: `${alphabet}>`, promptLength: length + 1, answerLength: length },
      ...split((random) => {
        const word = letters(random, alphabet, length);
        return { prompt: `${word}>`, answer: answerOf([...word]).join("") };
      }, 0.05),
    }),
});

/** Copying: a head finds what stands as many positions before. */
export const copy = afterMark(
  { name: "copy", title: "Copy", says: "After the mark come the letters before it: badcafe> → badcafe." },
  (word) => word,
);

/** Reversing: how far a head has to look back grows with each letter. */
export const reverse = afterMark(
  { name: "reverse", title: "Reverse", says: "After the mark come the letters before it, the last first: bad> → dab." },
  (word) => word.toReversed(),
);
