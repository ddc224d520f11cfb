import type { TokenBatch } from "../../../src/train/objectives/token-batches.ts";
import { idsOf } from "../setup/folder.ts";
import { randomOf } from "../tasks/random.ts";
import type { Example, Examples } from "../tasks/task.ts";

/** The target of a prediction that does not count. */
const ignored = -100;

/** Makes tokens of a task's examples. */
export interface Batches {
  /** The batch of a step: the same for the same seed, independent of earlier draws. */
  readonly ofStep: (seed: number, step: number, size: number) => TokenBatch;
  /** A batch of examples; with `answersAlone` tokens of prompts are no targets, even if the loss counts them. */
  readonly of: (examples: readonly Example[], answersAlone?: boolean) => TokenBatch;
  /** Tokens of a sequence. */
  readonly context: number;
}

export function batchesOf(examples: Examples): Batches {
  const { alphabet, promptLength, answerLength, wholeLoss, draw } = examples;
  const known = idsOf(alphabet);
  const context = promptLength + answerLength - 1;
  const of = (given: readonly Example[], answersAlone = false): TokenBatch => {
    const rows = given.map(({ prompt, answer }) => ({
      ids: Array.from(prompt + answer, (character) => known.get(character) ?? 0),
      first: wholeLoss && !answersAlone ? 0 : prompt.length - 1,
    }));
    // If examples vary in length, padding after the end is no target, and nothing before it sees it.
    return {
      ids: rows.map(({ ids }) => Array.from({ length: context }, (_, i) => ids[i] ?? 0)),
      targets: rows.map(({ ids, first }) =>
        Array.from({ length: context }, (_, i) => (i >= first ? (ids[i + 1] ?? ignored) : ignored)),
      ),
    };
  };
  return {
    of,
    context,
    ofStep: (seed, step, size) => {
      const random = randomOf(seed, step);
      return of(Array.from({ length: size }, () => draw(random)));
    },
  };
}
