import type { Gpu } from "../../gpu/gpu.ts";
import { add } from "../../kernels/elementwise/elementwise.ts";
import { gather } from "../../kernels/embedding/gather.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { reduceSegments } from "../../kernels/reduce/segments.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { NamedWeights } from "../named-weights.ts";
import type { WordClassifierConfig } from "./config.ts";

/** A classifier of texts by their words, on a device. */
export interface WordClassifier {
  readonly gpu: Gpu;
  readonly config: WordClassifierConfig;
  readonly weights: NamedWeights;
}

/** Texts of a batch, one after the other. */
export interface Texts {
  /** u32 `[n]` */
  readonly ids: Tensor;
  /** What each word counts, f32 `[n]`: 1, or one by the words of its text where their mean is taken. */
  readonly weights: Tensor;
  /** Where texts begin, and where the last one ends, u32 `[b + 1]`; what follows is filling. */
  readonly offsets: Tensor;
}

/** The logits of labels of each text, `[b, labels]`. */
export function wordClassifierLogits({ gpu, config, weights: { of } }: WordClassifier, texts: Texts): Tensor {
  const { ids, ...segments } = texts;
  const pooled = (table: Tensor) => {
    const x = gather(gpu, { ids, table }).y;
    return reduceSegments(gpu, { x, ...segments }, { operation: "sum" }).y;
  };
  if (config.kind === "bag-of-words") return add(gpu, { a: pooled(of("words.weight")), b: of("bias") }).y;
  return matmul(gpu, { x: pooled(of("embedding.weight")), weight: of("head.weight"), bias: of("head.bias") }).y;
}
