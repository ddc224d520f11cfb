// All puzzles, in the order in which to solve them.
import { OptionError } from "../../options/errors.ts";
import type { Puzzle } from "./puzzle.ts";
import { attentionPuzzles } from "./records/attention.ts";
import { elementPuzzles } from "./records/elements.ts";
import { productPuzzles } from "./records/products.ts";
import { workgroupPuzzles } from "./records/workgroups.ts";

const [tail, register, softmax, norm, halfBytes] = productPuzzles;

const inOrder = [...elementPuzzles, ...workgroupPuzzles, tail, register, softmax, norm, ...attentionPuzzles, halfBytes];

/** The puzzles, from 1 to 20. */
export const puzzles: readonly Puzzle[] = inOrder.flatMap((puzzle, i) =>
  puzzle ? [Object.assign({}, puzzle, { number: i + 1 })] : [],
);

/** The puzzle of a kernel's name, such as `puzzles/guard`. Throws OptionError where there is none. */
export function puzzleOf(name: string): Puzzle {
  const found = puzzles.find(({ kernel }) => kernel.source.name === name);
  if (found) return found;
  const names = puzzles.map(({ kernel }) => kernel.source.name).join(", ");
  throw new OptionError(`there is no puzzle ${name}; there are ${names}`);
}
