// What needs no encoder: the words of a text without their order, counted or as the mean of their vectors.
import type { Gpu } from "shaderformer";
import { createTrainer } from "shaderformer/train";
import { freshWordClassifier, openWordClassifier } from "shaderformer/words";
import { drawn, type Examples, type Learning, trainerOptions } from "./encoders.ts";
import type { Example, Task } from "./tasks.ts";

/** The kinds of word models, with the settings of their `config.json`. */
const kinds = {
  "bag of words": { model_type: "bag-of-words", mode: "sum" },
  "word vectors": { model_type: "mean-of-word-vectors", vector_size: 64 },
} as const;

/** The name of a word model. */
export type WordModel = keyof typeof kinds;

/** Words in lower case; those of a pair's second text are words of their own. */
const wordsOf = ({ texts }: Example) =>
  texts.flatMap((text, at) => (text.toLowerCase().match(/[a-z']+/g) ?? []).map((word) => `${at} ${word}`));

/** Trains a word model on examples, and returns its predictions for others. */
export async function trainedWords(
  gpu: Gpu,
  kind: WordModel,
  { labels }: Task,
  learning: Learning,
  { train, test }: Examples,
): Promise<readonly (readonly number[])[]> {
  // Id 0 is of all words that no example has.
  const ids = new Map([...new Set(train.flatMap(wordsOf))].map((word, i) => [word, i + 1]));
  const idsOf = (example: Example) => {
    const found = wordsOf(example).map((word) => ids.get(word) ?? 0);
    return found.length > 0 ? found : [0];
  };
  const config = { ...kinds[kind], vocab_size: ids.size + 1, num_labels: labels.length };
  const model = await openWordClassifier(gpu, freshWordClassifier(config, { seed: learning.seed }));
  const trainer = createTrainer(model, trainerOptions(learning, 0));
  const rows = train.map((example) => ({ ids: idsOf(example), label: example.labels[0] ?? 0 }));
  for (const batch of drawn(rows, learning)) {
    await trainer.submit({ ids: batch.map((row) => row.ids), labels: batch.map((row) => row.label) });
  }
  await trainer.readSteps();
  const logits = await model.logits(test.map(idsOf));
  trainer.dispose();
  model.dispose();
  return logits.map((row) => [row.indexOf(Math.max(...row))]);
}
