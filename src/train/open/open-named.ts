// Small models with one name per tensor, as in PyTorch's modules.

import { openFiles } from "../../formats/files.ts";
import { readJson } from "../../formats/read-text.ts";
import { safetensorsHeader } from "../../formats/safetensors/safetensors-header.ts";
import type { FileSource } from "../../formats/source.ts";
import { openWeights } from "../../formats/weights.ts";
import { type OpeningOptions, openFrom, openingChecks } from "../../generate/load/opening.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { type NamedShapes, type NamedWeights, uploadNamed } from "../../models/weights/named-weights.ts";
import { checkOptions, fieldsOf, integer } from "../../options/checks.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { type Numbers, numbersOf } from "../initialisers/random-numbers.ts";
import { named, type TrainableModel } from "./open-trainable.ts";
import type { Parameter } from "./parameters.ts";
import { trainedFolder } from "./trained-folder.ts";

/** A kind of small model. */
interface NamedKind<C> {
  /** Reads a parsed config.json. Throws `FormatError` for invalid fields. */
  readonly read: (file: string, parsed: unknown) => C;
  readonly shapes: (config: C) => NamedShapes;
}

/** A small model on the device, without its objective. */
type NamedModel<C> = Pick<TrainableModel<never>, "parameters" | "writing" | "dispose"> & {
  readonly config: C;
  readonly weights: NamedWeights;
};

const openingFields = fieldsOf<OpeningOptions>(openingChecks);
const CONFIG = "config.json";
const WEIGHTS = "model.safetensors";

/** Opens the folder of a small model: `config.json` and `model.safetensors`, its weights as f32. */
export async function openNamed<C>(
  gpu: Gpu,
  where: string,
  from: string | URL | FileSource,
  { read, shapes }: NamedKind<C>,
  options: OpeningOptions = {},
): Promise<NamedModel<C>> {
  checkOptions(where, openingFields, options);
  const source = await openFrom(where, from, options);
  const config = read(CONFIG, await readJson(source, CONFIG));
  const stored = await openWeights(source);
  const found = shapes(config);
  const weights = await uploadNamed(gpu, stored, found, options);
  const parameters = Object.entries(found).map(
    ([name, shape]): Parameter => ({ name, source: { name, shape }, tensor: weights.of(name) }),
  );
  const writing = (given?: readonly Parameter[]) =>
    trainedFolder(source, {
      folder: { weights: stored, quantisation: undefined },
      parameters: named(parameters, given),
    });
  return { config, weights, parameters, writing, dispose: () => weights.dispose() };
}

/** How the weights of a small model are drawn. */
export interface FreshNamedOptions {
  /** A u32; default 0. The same seed gives the same weights on every machine. */
  readonly seed?: number | undefined;
}

const fields = fieldsOf<FreshNamedOptions>({ seed: integer(0, 2 ** 32 - 1) });

/** Computes element i of a fresh tensor. */
export type Draw = (name: string, numbers: Numbers) => (i: number) => number;

/** An in-memory folder of a small model with fresh weights: `config.json`, and `model.safetensors` in f32. */
export function freshNamed<C>(
  where: string,
  raw: Readonly<Record<string, unknown>>,
  { read, shapes }: NamedKind<C>,
  drawFor: (config: C) => Draw,
  options: FreshNamedOptions = {},
): FileSource {
  checkOptions(where, fields, options);
  const config = read(CONFIG, raw);
  const draw = drawFor(config);
  const tensors = Object.entries(shapes(config)).map(([name, shape]) => ({ name, shape }));
  const values = tensors.map(({ name, shape }) => {
    const element = draw(name, numbersOf(options.seed ?? 0, name));
    return Float32Array.from({ length: sizeOf(shape) }, (_, i) => element(i));
  });
  return openFiles(
    {
      [CONFIG]: new Blob([`${JSON.stringify(raw, undefined, 2)}\n`]),
      [WEIGHTS]: new Blob([safetensorsHeader(tensors, "f32"), ...values]),
    },
    "a fresh model",
  );
}
