import { amendments } from "../../search/text/amendments.ts";
import { below, randomOf } from "./random.ts";
import type { Example, Task } from "./task.ts";

/** Of a text the last part is held out. */
const heldOutShare = 0.1;

/** The text that is trained on where the reader gives none. */
export const standardText = amendments.trim();

/** Text with the ends of its lines as one character, which is what a token is. */
const plain = (text: string) => text.replaceAll(/\r\n?/g, "\n");

/** Predicting the next character of a text: bytes of UTF-8, so that any text can be trained on. */
export const characters: Task = {
  name: "characters",
  title: "A text",
  says: "The next character of a text: yours, or the amendments to the Constitution of the United States. Its last tenth is held out.",
  length: { label: "context", range: [16, 128], standard: 64 },
  standard: { layers: 4, heads: 4, headWidth: 32, batch: 12, learningRate: 1e-3, steps: 2000 },
  examples: (context, given) => {
    // A character of this string is a byte of the text.
    const bytes = [...new TextEncoder().encode(plain(given || standardText))].map((byte) => String.fromCharCode(byte));
    const text = bytes.join("");
    const end = Math.floor(text.length * (1 - heldOutShare));
    const least = context + 1;
    if (text.length - end < least || end < least) {
      const needed = Math.ceil(least / heldOutShare);
      throw new RangeError(
        `the text has ${text.length} bytes, expected at least ${needed} for a context of ${context}: its last tenth is held out`,
      );
    }
    const promptLength = Math.floor(context / 4);
    const window = (begin: number): Example => ({
      prompt: text.slice(begin, begin + promptLength),
      answer: text.slice(begin + promptLength, begin + least),
    });
    return {
      ...{ alphabet: [...new Set(text)].sort().join(""), promptLength, answerLength: least - promptLength },
      ...{ wholeLoss: true, scored: "next" },
      draw: (random) => window(below(random, end - least)),
      heldOut: (most) => {
        const random = randomOf(0x5eed, 1);
        const room = text.length - end - least;
        return Array.from({ length: Math.min(most, room + 1) }, (_, i) =>
          window(end + (room < most ? i : below(random, room + 1))),
        );
      },
    };
  },
};
