import type { FileSource } from "../formats/source.ts";
import type { OpeningOptions } from "../generate/opening.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { readWordVectorsConfig, type WordVectorsConfig, wordVectorsShapes } from "../models/word-vectors/config.ts";
import type { WordBatch } from "./objectives/word-batch.ts";
import { wordVectorsObjective } from "./objectives/word-vectors.ts";
import { type FreshNamedOptions, freshNamed, openNamed } from "./open-named.ts";
import type { TrainableModel } from "./open-trainable.ts";

/** Word vectors that steps can change. */
export interface TrainableWordVectors extends TrainableModel<WordBatch> {
  readonly config: WordVectorsConfig;
  /** The vector of each word as it is now, as `analogy` takes them. */
  readonly vectors: () => Promise<Float64Array[]>;
}

const kind = { read: readWordVectorsConfig, shapes: wordVectorsShapes };

/**
 * Reads the folder of word vectors and uploads them as f32: `config.json` as `readWordVectorsConfig` reads it, and
 * `model.safetensors` with `input.weight` and `output.weight`.
 *
 * @throws FormatError for a file that is missing or invalid, and the reason of `signal` once it aborts.
 */
export async function openWordVectors(
  gpu: Gpu,
  from: string | URL | FileSource,
  options: OpeningOptions = {},
): Promise<TrainableWordVectors> {
  const { weights, ...opened } = await openNamed(gpu, "openWordVectors", from, kind, options);
  const [input, output] = [weights.of("input.weight"), weights.of("output.weight")];
  const { vocabulary, width } = opened.config;
  const vectors = async () => {
    const all = await input.read();
    return Array.from({ length: vocabulary }, (_, word) => all.slice(word * width, (word + 1) * width));
  };
  return { ...opened, vectors, objective: wordVectorsObjective({ gpu, input, output }) };
}

/**
 * A folder in memory of fresh word vectors, as word2vec begins: input vectors uniform within ±1/2d, output vectors zero.
 * `config` is the object that its `config.json` has.
 *
 * @throws FormatError for a config that is not valid; OptionError for options that are not.
 */
export const freshWordVectors = (
  config: Readonly<Record<string, unknown>>,
  options: FreshNamedOptions = {},
): FileSource =>
  freshNamed(
    "freshWordVectors",
    config,
    kind,
    ({ width }) =>
      (name, { uniform }) =>
        name === "input.weight" ? (i) => (uniform(i) - 0.5) / width : () => 0,
    options,
  );
