import {
  type Texts,
  type WordClassifier,
  wordClassifierLogits,
} from "../../models/word-classifiers/word-classifier.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkLabelBatch, type LabelBatch, labelsIn } from "./label-batch.ts";
import type { Objective } from "./objective.ts";
import { refuse } from "./refused-settings.ts";
import { given, lossOf } from "./tensors.ts";

/** Labels of texts by their words. */
export function wordClassifierObjective(model: WordClassifier): Objective<LabelBatch> {
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
