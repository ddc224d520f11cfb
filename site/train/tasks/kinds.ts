import type { Examples, Kinds } from "./task.ts";

/** Maximum characters for one kind each, and for two each: in prompts and in answers. */
const [few, veryFew] = [12, 6];

/**
 * How a task's tokens are divided: in its own ways, by characters if these are few, or else into prompts and answers.
 */
export const kindsOf = (examples: Examples): readonly Kinds[] => examples.kinds ?? [usualOf(examples)];

function usualOf({ alphabet }: Examples): Kinds {
  const halves = ["given", "answered"];
  // Positions beyond the end of an example have no kind.
  const halfAt: Kinds["of"] = ({ prompt, answer }, position) =>
    position < prompt.length + answer.length ? Number(position >= prompt.length) : -1;
  if (alphabet.length > few) return { by: "half", names: halves, of: halfAt };
  const characters = [...alphabet];
  const indexAt = (text: string, position: number) => characters.indexOf(text[position] ?? "");
  if (alphabet.length > veryFew) {
    const of: Kinds["of"] = ({ prompt, answer }, position) => indexAt(prompt + answer, position);
    return { by: "character", names: characters, of };
  }
  return {
    by: "character",
    names: halves.flatMap((half) => characters.map((character) => `${character} ${half}`)),
    of: (example, position) =>
      halfAt(example, position) * characters.length + indexAt(example.prompt + example.answer, position),
  };
}
