import { readFileSync } from "node:fs";
import { openFolder } from "../../../src/formats/folder.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import type { PairBatch } from "../../../src/train/objectives/pair-batch.ts";
import {
  openTrainableEncoderDecoder,
  type TrainableEncoderDecoderOptions,
} from "../../../src/train/open/encoder-decoder.ts";

/** What PyTorch found in float64 of an encoder-decoder: of a batch, and of steps of AdamW from the same weights. */
export interface GoldenPairs extends PairBatch {
  readonly loss: number;
  /** The loss with this share of each target's probability spread over the vocabulary. */
  readonly smoothing: number;
  readonly smoothed: number;
  readonly rate: number;
  readonly steps: readonly (PairBatch & { readonly loss: number; readonly norm: number })[];
}

/** The models of `test/golden/gradients_seq2seq.py`. */
export const pairModels = ["transformer-2017", "transformer-2017-torch", "bart", "marian", "t5", "t5-v1.1"] as const;

/** Where their folders are, from the root of the clone. */
export const pairFolder = (name: string) => `test/golden/gradients-${name}`;

/** What PyTorch has of an encoder-decoder. */
export const goldenPairs = (name: string): GoldenPairs =>
  JSON.parse(readFileSync(`${pairFolder(name)}/golden.json`, "utf8"));

/** The batch alone. */
export const pairsIn = ({ sources, ids, targets }: PairBatch): PairBatch => ({ sources, ids, targets });

/** The model, to be trained. */
export const trainablePairs = async (gpu: Gpu, name: string, options: TrainableEncoderDecoderOptions = {}) =>
  await openTrainableEncoderDecoder(gpu, await openFolder(pairFolder(name)), { onWarning: () => {}, ...options });
