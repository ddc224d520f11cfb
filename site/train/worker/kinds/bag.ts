import type { LabelBatch } from "../../../../src/train/objectives/label-batch.ts";
import { freshWordClassifier, openWordClassifier } from "../../../../src/train/open/word-classifier.ts";
import { idsOf, smallFilesOf } from "../../setup/folder.ts";
import { wordConfig } from "../../setup/word-folders.ts";
import { taskOf } from "../../tasks/tasks.ts";
import { type Kind, newFiles } from "./kind.ts";
import { labelLearner } from "./labels.ts";

/** Classifiers that know a prompt's words but not their order. */
export const bagKind: Kind<LabelBatch> = async (gpu, { settings, text }) => {
  const examples = taskOf(settings.task).examples(settings.length, text);
  const source = freshWordClassifier(wordConfig(settings, examples), { seed: settings.seed });
  const model = await openWordClassifier(gpu, source);
  const known = idsOf(examples.alphabet);
  return {
    ...labelLearner({
      examples,
      model,
      layers: 0,
      heads: 0,
      context: examples.promptLength,
      rowsOf: (prompts) => prompts.map((prompt) => Array.from(prompt, (one) => known.get(one) ?? 0)),
      partOf: (name) => (/^(words|embedding)\./.test(name) ? "words" : "labels"),
    }),
    recomputes: ["nothing"],
    ...newFiles(model, smallFilesOf(examples)),
  };
};
