import type { Examples, Kinds } from "./task.ts";

/** Characters of which each is a kind of its own, and of which it is two: where it is given and where it is the answer. */
const [few, veryFew] = [12, 6];

/** How a task's tokens are divided: its own ways, or by characters where these are few, or else into prompts and answers. */
export const kindsOf = (examples: Examples): readonly Kinds[] => examples.kinds ?? [usualOf(examples)];

function usualOf({ alphabet, promptLength }: Examples): Kinds {
  const halves = ["given", "answered"];
  const halfAt = (position: number) => Number(position >= promptLength);
  if (alphabet.length > few) return { by: "half", names: halves, of: (_, position) => halfAt(position) };
  const characters = [...alphabet];
  const indexAt = (text: string, position: number) => characters.indexOf(text[position] ?? "");
  if (alphabet.length > veryFew) {
    const of: Kinds["of"] = ({ prompt, answer }, position) => indexAt(prompt + answer, position);
    return { by: "character", names: characters, of };
  }
  return {
    by: "character",
    names: halves.flatMap((half) => characters.map((character) => `${character} ${half}`)),
    of: ({ prompt, answer }, position) => halfAt(position) * characters.length + indexAt(prompt + answer, position),
  };
}
