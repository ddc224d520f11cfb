import type { TokenBatch } from "../../../src/train/trainer/batches.ts";
import { idsOf } from "../setup/folder.ts";
import { randomOf } from "../tasks/random.ts";
import type { Example, Examples } from "../tasks/task.ts";

/** The target of a prediction that does not count. */
const ignored = -100;

/** Makes tokens of a task's examples. */
export interface Batches {
  /** The batch of a step: the same for the same seed, whatever was drawn before. */
  readonly ofStep: (seed: number, step: number, size: number) => TokenBatch;
  readonly of: (examples: readonly Example[]) => TokenBatch;
  /** Tokens of a sequence. */
  readonly context: number;
}

export function batchesOf(examples: Examples): Batches {
  const { alphabet, promptLength, answerLength, wholeLoss, draw } = examples;
  const known = idsOf(alphabet);
  const of = (given: readonly Example[]): TokenBatch => {
    const rows = given.map(({ prompt, answer }) =>
      Array.from(prompt + answer, (character) => known.get(character) ?? 0),
    );
    return {
      ids: rows.map((row) => row.slice(0, -1)),
      targets: rows.map((row) => row.slice(1).map((id, i) => (wholeLoss || i >= promptLength - 1 ? id : ignored))),
    };
  };
  return {
    of,
    context: promptLength + answerLength - 1,
    ofStep: (seed, step, size) => {
      const random = randomOf(seed, step);
      return of(Array.from({ length: size }, () => draw(random)));
    },
  };
}
