import { answered, ofPairs, otherModels } from "./pairs.ts";
import { letters, split } from "./random.ts";
import type { Task, Variation } from "./task.ts";

const alphabet = "abcdefgh";

/** Limits of a single recurrent state: it keeps less of a long word than attention to each of its letters. */
const variations: readonly Variation[] = [
  ...otherModels(
    {
      paper: "The Transformer of 2017: an encoder reads the word, and a decoder that looks at it writes the answer.",
      attentive:
        "A recurrent model that reads the word first, and for each letter that it writes finds the one it needs.",
      plain: "Only one state of 64 numbers is kept of the word: that takes longer to learn.",
    },
    { steps: 600 },
  ),
  {
    title: "Long words",
    says: "With attention words of 16 letters are learnt too.",
    settings: { architecture: "gru-attention", length: 16, steps: 1000 },
  },
  {
    title: "Long words without attention",
    says: "One state cannot hold all of 16 letters: few words are right.",
    settings: { architecture: "gru", length: 16, steps: 1000 },
  },
];

/** A task whose answer consists of the letters before a mark. */
const afterMark = (
  about: Pick<Task, "name" | "title" | "says">,
  answerOf: (prompt: readonly string[]) => readonly string[],
): Task => ({
  ...about,
  ...ofPairs,
  variations,
  group: "Symbols",
  length: { label: "letters", range: [3, 16], standard: 8 },
  examples: (length) =>
    answered({
      alphabet: `${alphabet}>`,
      promptLength: length + 1,
      answerLength: length,
      ...split((random) => {
        const word = letters(random, alphabet, length);
        return { prompt: `${word}>`, answer: answerOf([...word]).join("") };
      }, 0.05),
    }),
});

/** Copying: a head attends a fixed number of positions back. */
export const copy = afterMark(
  { name: "copy", title: "Copy", says: "After the mark come the letters before it: badcafe> → badcafe." },
  (word) => word,
);

/** Reversing: how far a head has to look back grows with each letter. */
export const reverse = afterMark(
  { name: "reverse", title: "Reverse", says: "After the mark come the letters before it, the last first: bad> → dab." },
  (word) => word.toReversed(),
);
