// Models from before the Transformer: bags of words, word vectors, recurrent encoder-decoders. `shaderformer/words`;
// `createTrainer` and `exportModel` of `shaderformer/train` train and save them.

// Bags of words

export type { WordClassifierConfig } from "./models/word-models/word-classifier.ts";
export {
  freshWordClassifier,
  openWordClassifier,
  type TrainableWordClassifier,
} from "./train/open/word-classifier.ts";

// Word vectors

export {
  analogy,
  type NearestOptions,
  type NearestWord,
  nearestWords,
} from "./models/word-models/nearest-words.ts";
export type { WordVectorsConfig } from "./models/word-models/word-vectors.ts";
export type { WordBatch } from "./train/objectives/word-batch.ts";
export { freshWordVectors, openWordVectors, type TrainableWordVectors } from "./train/open/word-vectors.ts";

// Recurrent encoder-decoders

export type { RecurrentConfig } from "./models/recurrent/config.ts";
export { decodeGreedy, type GreedyOptions, type GreedyResult } from "./models/recurrent/decode-greedy.ts";
export type { Gru, Recurrent } from "./models/recurrent/encoder-decoder.ts";
export { freshRecurrent, openRecurrent, type TrainableRecurrent } from "./train/open/recurrent.ts";

// What they share

export type { OpeningOptions } from "./generate/load/opening.ts";
export type { LabelBatch } from "./train/objectives/label-batch.ts";
export type { PairBatch } from "./train/objectives/pair-batch.ts";
export type { FreshNamedOptions } from "./train/open/open-named.ts";
