import type { Examples } from "../task.ts";

/** Characters from Unicode's private use area, one for each word. */
const first = 0xf000;

/** Words that are tokens. */
export interface Words {
  /** Their characters, in order: part of an alphabet. */
  readonly alphabet: string;
  /** The words with the space after each, by their characters. */
  readonly words: NonNullable<Examples["words"]>;
  /** The characters of a sentence whose words are separated by spaces. Throws for an unknown word. */
  readonly of: (sentence: string) => string;
  /** Marks, each a token, and the words after them, as in examples. */
  readonly tokensWith: (marks: string) => Pick<Examples, "alphabet" | "words" | "readable">;
  /** Characters in readable form: words, and all others as they are. */
  readonly readable: (text: string) => string;
}

/** Makes tokens of words, without duplicates. */
export function wordsOf(given: Iterable<string>): Words {
  const all = [...new Set(given)];
  const characters = all.map((_, i) => String.fromCharCode(first + i));
  const byWord = new Map(all.map((word, i) => [word, characters[i] ?? ""]));
  const words = new Map(all.map((word, i) => [characters[i] ?? "", `${word} `]));
  const readable = (text: string) => Array.from(text, (character) => words.get(character) ?? character).join("");
  return {
    alphabet: characters.join(""),
    words,
    readable,
    tokensWith: (marks) => ({ alphabet: marks + characters.join(""), words, readable }),
    of: (sentence) =>
      sentence
        .split(" ")
        .map((word) => {
          const found = byWord.get(word);
          if (found === undefined) throw new RangeError(`there is no word ${word}`);
          return found;
        })
        .join(""),
  };
}
