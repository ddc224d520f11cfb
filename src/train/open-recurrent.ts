import type { FileSource } from "../formats/source.ts";
import type { OpeningOptions } from "../generate/opening.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { type RecurrentConfig, readRecurrentConfig, recurrentShapes } from "../models/recurrent/config.ts";
import { type Recurrent, recurrentOf } from "../models/recurrent/encoder-decoder.ts";
import type { PairBatch } from "./objectives/pair-batch.ts";
import { recurrentObjective } from "./objectives/recurrent.ts";
import { type FreshNamedOptions, freshNamed, openNamed } from "./open-named.ts";
import type { TrainableModel } from "./open-trainable.ts";

/** A recurrent encoder-decoder that steps can change. */
export interface TrainableRecurrent extends TrainableModel<PairBatch> {
  readonly config: RecurrentConfig;
  /** What decodes, as `decodeGreedy` takes it. */
  readonly model: Recurrent;
}

const kind = { read: readRecurrentConfig, shapes: recurrentShapes };

/**
 * Reads a recurrent encoder-decoder's folder and uploads its weights as f32: `config.json` as `readRecurrentConfig` reads it,
 * and `model.safetensors` with the names of PyTorch's modules `embedding`, `encoder`, `decoder`, `combine` and `head`.
 *
 * @throws FormatError for a file that is missing or invalid, and the reason of `signal` once it aborts.
 */
export async function openRecurrent(
  gpu: Gpu,
  from: string | URL | FileSource,
  options: OpeningOptions = {},
): Promise<TrainableRecurrent> {
  const { weights, ...opened } = await openNamed(gpu, "openRecurrent", from, kind, options);
  const model = recurrentOf(gpu, opened.config, weights);
  return { ...opened, model, objective: recurrentObjective(model) };
}

/**
 * A recurrent encoder-decoder's folder in memory with fresh weights, uniform within ±1/√h, as PyTorch draws those of recurrent
 * units. `config` is the object that its `config.json` has.
 *
 * @throws FormatError for a config that is not valid; OptionError for options that are not.
 */
export const freshRecurrent = (
  config: Readonly<Record<string, unknown>>,
  options: FreshNamedOptions = {},
): FileSource =>
  freshNamed(
    "freshRecurrent",
    config,
    kind,
    ({ width }) =>
      (_, { uniform }) =>
      (i) =>
        (2 * uniform(i) - 1) / Math.sqrt(width),
    options,
  );
