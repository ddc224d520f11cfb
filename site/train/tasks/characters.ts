import { amendments } from "../../search/text/amendments.ts";
import type { Task } from "./task.ts";
import { windowsOf } from "./windows.ts";

/** The text that is trained on where the reader gives none. */
export const standardText = amendments.trim();

/** Text with the ends of its lines as one character, which is what a token is. */
export const plain = (text: string): string => (text || standardText).replaceAll(/\r\n?/g, "\n");

/** Predicting the next character of a text: bytes of UTF-8, so that any text can be trained on. */
export const characters: Task = {
  name: "characters",
  title: "A text",
  says: "The next character of a text: yours, or the amendments to the Constitution of the United States. Its last tenth is held out.",
  length: { label: "context", range: [16, 128], standard: 64 },
  standard: { layers: 4, heads: 4, headWidth: 32, batch: 12, learningRate: 1e-3, steps: 2000 },
  examples: (context, given) => {
    // A character of this string is a byte of the text.
    const text = Array.from(new TextEncoder().encode(plain(given)), (byte) => String.fromCharCode(byte)).join("");
    return {
      ...windowsOf(text, context, "bytes"),
      ...{ alphabet: [...new Set(text)].sort().join(""), wholeLoss: true, scored: "next" },
      readable: (bytes) => new TextDecoder().decode(Uint8Array.from(bytes, (character) => character.charCodeAt(0))),
    };
  },
};
