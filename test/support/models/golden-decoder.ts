import { readFileSync } from "node:fs";
import { openFolder } from "../../../src/formats/folder.ts";
import { openWeights } from "../../../src/formats/weights.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { readArchitecture } from "../../../src/models/decoders/architectures.ts";
import { checkWeights } from "../../../src/models/weights/checkpoint.ts";
import { uploadWeights } from "../../../src/models/weights/weights.ts";
import { type Parameter, parametersOf } from "../../../src/train/open/parameters.ts";

/** A batch: tokens, and what follows each. */
export interface GoldenBatch {
  readonly ids: number[][];
  readonly targets: number[][];
}

/** What PyTorch found in float64: of a batch, and of steps of AdamW from the same weights. */
export interface GoldenTraining extends GoldenBatch {
  readonly loss: number;
  /** The learning rate of the steps; default 1e-2. */
  readonly rate?: number;
  readonly steps: readonly (GoldenBatch & { readonly loss: number; readonly norm: number })[];
}

/** A decoder of `test/golden/gradients.py` with weights of f32, its parameters, and what PyTorch found. */
export async function goldenDecoder(gpu: Gpu, name: string) {
  const folder = `test/golden/gradients-${name}`;
  const read = (file: string) => JSON.parse(readFileSync(`${folder}/${file}`, "utf8"));
  const { family, config } = readArchitecture(read("config.json"));
  const stored = await openWeights(await openFolder(folder));
  const checkpoint = checkWeights(stored, family, config);
  const weights = await uploadWeights(gpu, stored, checkpoint, config, { dtype: "f32" });
  const parameters: readonly Parameter[] = parametersOf(checkpoint, weights);
  const golden: GoldenTraining = read("golden.json");
  return { folder, decoder: { gpu, config, weights }, parameters, golden };
}
