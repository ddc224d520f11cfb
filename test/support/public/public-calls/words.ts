// Calls of `shaderformer/words`.
import { type Gpu, openFiles } from "../../../../src/index.ts";
import * as words from "../../../../src/words.ts";
import { made, type PublicCalls } from "./calls.ts";

const bag = { model_type: "bag-of-words", vocab_size: 4, num_labels: 2, mode: "sum" };
const vectors = { model_type: "skip-gram", vocab_size: 4, vector_size: 2 };
const gru = { model_type: "gru-encoder-decoder", vocab_size: 4, embedding_size: 2, hidden_size: 2 };

/** A classifier of words, and a recurrent model. */
export async function wordModels(gpu: Gpu) {
  const classifier = await words.openWordClassifier(gpu, words.freshWordClassifier(bag));
  const recurrent = await words.openRecurrent(gpu, words.freshRecurrent(gru));
  const dispose = () => {
    classifier.dispose();
    recurrent.dispose();
  };
  return { classifier, recurrent, dispose };
}

/** Calls of the functions of words, and of a classifier's method, by name. */
export function wordCalls(
  gpu: Gpu,
  { classifier, recurrent }: Awaited<ReturnType<typeof wordModels>>,
): Readonly<Record<string, PublicCalls>> {
  const { call, plain } = made(gpu);
  const opening = (of: unknown): PublicCalls => ({
    ...call(of, [openFiles({}), { onWarning: () => undefined, signal: new AbortController().signal }]),
    runs: true,
  });
  const found = [Float64Array.of(1, 0), Float64Array.of(0, 1), Float64Array.of(1, 1)];
  return {
    "words/freshWordClassifier": plain(words.freshWordClassifier, [bag, { seed: 1 }]),
    "words/freshWordVectors": plain(words.freshWordVectors, [vectors, { seed: 1 }]),
    "words/freshRecurrent": plain(words.freshRecurrent, [gru, { seed: 1 }]),
    "words/openWordClassifier": opening(words.openWordClassifier),
    "words/openWordVectors": opening(words.openWordVectors),
    "words/openRecurrent": opening(words.openRecurrent),
    "words/analogy": plain(words.analogy, [found, 0, 1, 2, { top: 1 }]),
    "words/nearestWords": plain(words.nearestWords, [found, 0, { top: 1 }]),
    "words/decodeGreedy": {
      ...plain(words.decodeGreedy, [recurrent, [[1, 2]], { maxTokens: 1, start: 0, end: 1 }]),
      runs: true,
    },
    "words/TrainableWordClassifier.logits": { of: classifier.logits, on: classifier, calls: [[[[1, 2]]]], runs: true },
  };
}
