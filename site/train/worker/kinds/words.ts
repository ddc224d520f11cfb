import type { WordBatch } from "../../../../src/train/objectives/word-batch.ts";
import {
  freshWordVectors,
  openWordVectors,
  type TrainableWordVectors,
} from "../../../../src/train/open/word-vectors.ts";
import { idsOf, smallFilesOf } from "../../setup/folder.ts";
import { wordConfig } from "../../setup/word-folders.ts";
import type { Example, Examples } from "../../tasks/task.ts";
import { taskOf } from "../../tasks/tasks.ts";
import { wordLookOf } from "../../tasks/vectors/look.ts";
import type { Submits } from "../running.ts";
import { type Kind, type Looking, newFiles } from "./kind.ts";
import { scoringOf } from "./scoring.ts";

/** Word vectors: a prompt is a word, and its answer a neighbour. */
export const wordsKind: Kind<WordBatch> = async (gpu, { settings, text }) => {
  const examples = taskOf(settings.task).examples(settings.length, text);
  const model = await openWordVectors(gpu, freshWordVectors(wordConfig(settings, examples), { seed: settings.seed }));
  const batchOf = batchesOf(examples);
  return {
    examples,
    model,
    batchOf,
    layers: 0,
    heads: 0,
    context: 1,
    recomputes: ["nothing"],
    classes: model.config.vocabulary,
    partOf: (name) => (name.startsWith("input.") ? "words" : "near words"),
    looking: async (heldOut, submits) => lookingAt(model, examples, batchOf(heldOut), submits),
    ...newFiles(model, smallFilesOf(examples)),
  };
};

function batchesOf({ alphabet }: Examples): (given: readonly Example[]) => WordBatch {
  const known = idsOf(alphabet);
  const idOf = (word: string) => known.get(word) ?? 0;
  return (given) => ({
    ids: given.map(({ prompt }) => idOf(prompt)),
    targets: given.map(({ answer }) => idOf(answer)),
  });
}

/** Accuracy is over analogies, which no example contains. */
function lookingAt(
  { objective, config, vectors }: TrainableWordVectors,
  examples: Examples,
  batch: WordBatch,
  submits: Submits,
): Looking {
  const scored = { batch, rows: batch.ids.length, by: "targets", classes: config.vocabulary } as const;
  const scoring = scoringOf(objective, scored, submits);
  return {
    score: async () => {
      const { loss } = await scoring.score();
      return { loss, accuracy: wordLookOf(await vectors(), examples).accuracy };
    },
    samples: async () => {
      const { samples, words } = wordLookOf(await vectors(), examples);
      return { samples, words, attention: [] };
    },
    dispose: () => scoring.dispose(),
  };
}
