import { openModel } from "../../formats/hub.ts";
import type { FileSource } from "../../formats/source.ts";
import { modelKind } from "../../models/model-kind.ts";
import { plainWords } from "../../models/word-models/word-list.ts";
import { openWordClassifier } from "../../train/open/word-classifier.ts";
import type { EncoderFlags } from "../model/model-options.ts";
import { openDevice } from "../model/open-device.ts";
import { say } from "../output.ts";
import { readClassifierFiles } from "../train/objectives/bag.ts";

/** The folder of a classifier by words, of `train --objective bag`; undefined for other models. */
export async function wordClassifierIn(model: string): Promise<FileSource | undefined> {
  if (model === "") return undefined;
  const source = await openModel(model, { onWarning: say });
  const { type } = await modelKind(source);
  return type === "bag-of-words" || type === "mean-of-word-vectors" ? source : undefined;
}

/** The labels of a text by its words, in any order: as those of an encoder's classifier. */
export async function classifyWords(source: FileSource, text: string, flags: EncoderFlags) {
  const { words, labels } = await readClassifierFiles(source);
  const known = new Map(words.map((word, id) => [word, id]));
  const ids = plainWords(text).flatMap((word) => known.get(word) ?? []);
  if (ids.length === 0) throw new Error(`the text has none of the ${words.length} words of ${source.name}`);
  using gpu = await openDevice(flags);
  const model = await openWordClassifier(gpu, source);
  const [logits = new Float64Array()] = await model.logits([ids]);
  model.dispose();
  const largest = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - largest));
  const sum = weights.reduce((all, weight) => all + weight, 0);
  const scored = labels.map((label, id) => ({ label, score: (weights[id] ?? 0) / sum }));
  return { adapter: gpu.adapter.label, labels: scored.toSorted((a, b) => b.score - a.score) };
}
