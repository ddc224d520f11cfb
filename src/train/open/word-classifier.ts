import type { FileSource } from "../../formats/source.ts";
import type { OpeningOptions } from "../../generate/load/opening.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import {
  readWordClassifierConfig,
  type Texts,
  type WordClassifier,
  type WordClassifierConfig,
  wordClassifierLogits,
  wordClassifierShapes,
} from "../../models/word-models/word-classifier.ts";
import { checkValue } from "../../options/checks.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { rowsCheck } from "../objectives/batch-rows.ts";
import { checkLabelBatch, type LabelBatch, labelsIn } from "../objectives/label-batch.ts";
import { refuse } from "../objectives/layer-settings.ts";
import type { Objective } from "../objectives/objective.ts";
import { given, lossOf } from "../objectives/tensors.ts";
import { ignored } from "../objectives/token-batches.ts";
import { type Draw, type FreshNamedOptions, freshNamed, openNamed } from "./open-named.ts";
import type { TrainableModel } from "./open-trainable.ts";

/** A trainable classifier of texts by their words. */
export interface TrainableWordClassifier extends TrainableModel<LabelBatch> {
  readonly config: WordClassifierConfig;
  /**
   * The logits of the labels, `[labels]`, of each text, given as the ids of its words. Throws `OptionError` for an
   * empty text and ids outside the vocabulary.
   */
  readonly logits: (ids: readonly (readonly number[])[]) => Promise<Float64Array[]>;
}

const kind = { read: readWordClassifierConfig, shapes: wordClassifierShapes };

/**
 * Opens a classifier that ignores the order of words, a bag of words or the mean of word vectors with a linear layer,
 * for training and use. `from` is a folder as for `loadModel`, or one of `freshWordClassifier`. Its weights are uploaded
 * as f32, with the names `words.weight` and `bias`, or `embedding.weight`, `head.weight` and `head.bias`.
 *
 * @throws OptionError for invalid options, FormatError for a file that is missing or invalid, and the reason of
 * `signal` once it aborts.
 */
export async function openWordClassifier(
  gpu: Gpu,
  from: string | URL | FileSource,
  options: OpeningOptions = {},
): Promise<TrainableWordClassifier> {
  const { weights, ...opened } = await openNamed(gpu, "openWordClassifier", from, kind, options);
  const objective = wordClassifierObjective({ gpu, config: opened.config, weights });
  const logits = async (ids: readonly (readonly number[])[]) => {
    checkValue("logits", "ids", rowsCheck, ids);
    const { labels } = opened.config;
    const all = await logitsOf(objective, { ids, labels: ids.map(() => ignored) });
    return ids.map((_, row) => all.slice(row * labels, (row + 1) * labels));
  };
  return { ...opened, logits, objective };
}

/** The logits of a batch, `[b, labels]`. */
async function logitsOf(objective: Objective<LabelBatch>, batch: LabelBatch): Promise<Float64Array> {
  const { gpu } = objective;
  objective.check("batch", batch);
  const found = gpu.unscoped(() => {
    using scope = gpu.scope();
    const inputs = Object.entries(objective.inputs(batch)).map(
      ([name, { shape, dtype, values }]) => [name, tensor(gpu, shape, values, dtype)] as const,
    );
    return scope.keep(objective.logits(Object.fromEntries(inputs)));
  });
  const values = await found.read();
  found.dispose();
  return values;
}

/** Zeros for a bag of words, which has no layer between words and labels; others as PyTorch initialises them. */
function drawFor(config: WordClassifierConfig): Draw {
  if (config.kind === "bag-of-words") return () => () => 0;
  return (name, { normal, uniform }) =>
    name === "embedding.weight" ? normal : (i) => (2 * uniform(i) - 1) / Math.sqrt(config.width);
}

/**
 * An in-memory folder of a classifier with fresh weights: zeros for `bag-of-words`; for `mean-of-word-vectors` normal
 * vectors, and a linear layer uniform within ±1/√d. `config` is the content of its `config.json`: `model_type`,
 * `vocab_size`, `num_labels`, and `mode` of a bag of words (`sum`, the default, or `mean`) or `vector_size`.
 *
 * @throws FormatError for an invalid config; OptionError for invalid options.
 */
export const freshWordClassifier = (
  config: Readonly<Record<string, unknown>>,
  options: FreshNamedOptions = {},
): FileSource => freshNamed("freshWordClassifier", config, kind, drawFor, options);

/** Labels of texts by their words. */
function wordClassifierObjective(model: WordClassifier): Objective<LabelBatch> {
  const { gpu, config } = model;
  const isMean = config.kind === "mean-of-word-vectors" || config.mode === "mean";
  return {
    gpu,
    model: config,
    routers: [],
    check: (argument, batch) => checkLabelBatch(argument, batch, config),
    targetsIn: labelsIn,
    inputs: ({ ids, labels }) => {
      const b = ids.length;
      const n = b * Math.max(...ids.map(({ length }) => length));
      const all = ids.flat();
      const weights = ids.flatMap(({ length }) => Array<number>(length).fill(isMean ? 1 / length : 1));
      const offsets = new Uint32Array(b + 1);
      for (const [i, { length }] of ids.entries()) offsets[i + 1] = (offsets[i] ?? 0) + length;
      return {
        ids: { shape: [n], dtype: "u32", values: Uint32Array.from({ length: n }, (_, i) => all[i] ?? 0) },
        weights: { shape: [n], dtype: "f32", values: Float32Array.from({ length: n }, (_, i) => weights[i] ?? 0) },
        offsets: { shape: [b + 1], dtype: "u32", values: offsets },
        targets: { shape: [b], dtype: "i32", values: Int32Array.from(labels) },
      };
    },
    inputsFor: ({ batch, context }) => ({
      ids: { shape: [batch * context], dtype: "u32" },
      weights: { shape: [batch * context], dtype: "f32" },
      offsets: { shape: [batch + 1], dtype: "u32" },
      targets: { shape: [batch], dtype: "i32" },
    }),
    logits: (tensors) => wordClassifierLogits(model, textsIn(tensors)),
    loss: (tensors, settings) => {
      refuse("a classifier of words", settings, ["dropout", "attentionDropout"]);
      return lossOf(gpu, wordClassifierLogits(model, textsIn(tensors)), given(tensors, "targets"));
    },
  };
}

const textsIn = (tensors: Readonly<Record<string, Tensor>>): Texts => ({
  ids: given(tensors, "ids"),
  weights: given(tensors, "weights"),
  offsets: given(tensors, "offsets"),
});
