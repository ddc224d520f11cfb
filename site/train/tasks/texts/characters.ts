import { amendments } from "../../../shell/amendments.ts";
import type { Kinds, Task } from "../task.ts";
import { windowsOf } from "./windows.ts";

/** The training text if the reader gives none. */
export const standardText = amendments.trim();

/** Text with single-character line ends, since a token is a character. */
export const plain = (text: string): string => (text || standardText).replaceAll(/\r\n?/g, "\n");

/** The bytes of a text, each as a character. */
export const bytesOf = (text: string): string =>
  Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");

/** The text of such bytes. */
export const textOf = (bytes: string): string =>
  new TextDecoder().decode(Uint8Array.from(bytes, (character) => character.charCodeAt(0)));

/** Kinds of characters, each with its pattern; all others come last. */
const sorts: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["spaces, line ends", /\s/],
  ["vowels", /[aeiou]/],
  ["consonants", /[a-z]/],
  ["capitals", /[A-Z]/],
  ["digits", /[0-9]/],
];

/** Kinds of a text's characters: those that occur in it. */
export function kindsIn(text: string): Kinds {
  const sortOf = (character: string) => {
    const found = sorts.findIndex(([, pattern]) => pattern.test(character));
    return found < 0 ? sorts.length : found;
  };
  const found = [...new Set(Array.from(text, sortOf))].sort((a, b) => a - b);
  return {
    by: "kind of character",
    names: found.map((sort) => sorts[sort]?.[0] ?? "marks and others"),
    of: ({ prompt, answer }, position) => found.indexOf(sortOf((prompt + answer)[position] ?? "")),
  };
}

/** Predicting the next character of a text: bytes of UTF-8, so that any text can be trained on. */
export const characters: Task = {
  name: "characters",
  title: "A text",
  group: "Texts",
  says: "The next character of a text: yours, or the amendments to the Constitution of the United States. Its last tenth is held out.",
  length: { label: "context", range: [16, 128], standard: 64 },
  standard: { layers: 4, heads: 4, headWidth: 32, batch: 12, learningRate: 1e-3, steps: 2000 },
  counted: "the characters",
  text: { standard: standardText, whose: "those of the amendments", asks: "Your text" },
  examples: (context, given) => {
    const text = bytesOf(plain(given));
    return {
      ...windowsOf(text, context, "bytes"),
      alphabet: [...new Set(text)].sort().join(""),
      wholeLoss: true,
      scored: "next",
      readable: textOf,
      kinds: [kindsIn(text)],
    };
  },
};
