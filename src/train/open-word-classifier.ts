import type { FileSource } from "../formats/source.ts";
import type { OpeningOptions } from "../generate/opening.ts";
import type { Gpu } from "../gpu/gpu.ts";
import {
  readWordClassifierConfig,
  type WordClassifierConfig,
  wordClassifierShapes,
} from "../models/word-classifiers/config.ts";
import type { LabelBatch } from "./objectives/label-batch.ts";
import { wordClassifierObjective } from "./objectives/word-classifier.ts";
import { type Draw, type FreshNamedOptions, freshNamed, openNamed } from "./open-named.ts";
import type { TrainableModel } from "./open-trainable.ts";

/** A classifier of texts by their words that steps can change. */
export interface TrainableWordClassifier extends TrainableModel<LabelBatch> {
  readonly config: WordClassifierConfig;
}

const kind = { read: readWordClassifierConfig, shapes: wordClassifierShapes };

/**
 * Reads a classifier's folder and uploads its weights as f32: `config.json` as `readWordClassifierConfig` reads it, and
 * `model.safetensors` with the names of `wordClassifierShapes`.
 *
 * @throws FormatError for a file that is missing or invalid, and the reason of `signal` once it aborts.
 */
export async function openWordClassifier(
  gpu: Gpu,
  from: string | URL | FileSource,
  options: OpeningOptions = {},
): Promise<TrainableWordClassifier> {
  const { weights, ...opened } = await openNamed(gpu, "openWordClassifier", from, kind, options);
  return { ...opened, objective: wordClassifierObjective({ gpu, config: opened.config, weights }) };
}

/** Zeros of a bag of words, which has no layer between words and labels; others as PyTorch draws them. */
function drawFor(config: WordClassifierConfig): Draw {
  if (config.kind === "bag-of-words") return () => () => 0;
  return (name, { normal, uniform }) =>
    name === "embedding.weight" ? normal : (i) => (2 * uniform(i) - 1) / Math.sqrt(config.width);
}

/**
 * A classifier's folder in memory with fresh weights: zeros of `bag-of-words`; of `mean-of-word-vectors` normal vectors, and
 * a linear layer uniform within ±1/√d. `config` is the object that its `config.json` has.
 *
 * @throws FormatError for a config that is not valid; OptionError for options that are not.
 */
export const freshWordClassifier = (
  config: Readonly<Record<string, unknown>>,
  options: FreshNamedOptions = {},
): FileSource => freshNamed("freshWordClassifier", config, kind, drawFor, options);
