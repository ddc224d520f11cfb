import { choice, integer, optional, readFields } from "../../formats/json/fields.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { add } from "../../kernels/elementwise/elementwise.ts";
import { gather } from "../../kernels/embedding/gather.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { reduceSegments } from "../../kernels/reduce/segments.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { NamedShapes, NamedWeights } from "../weights/named-weights.ts";

/** The settings of a text classifier that ignores word order. */
export type WordClassifierConfig = {
  /** Words. */
  readonly vocabulary: number;
  readonly labels: number;
} & (
  | {
      /** A vector of label scores for each word; a text's are summed or averaged. */
      readonly kind: "bag-of-words";
      readonly mode: "sum" | "mean";
    }
  | {
      /** The mean of word vectors, and a linear layer. */
      readonly kind: "mean-of-word-vectors";
      /** Width of a vector, d. */
      readonly width: number;
    }
);

/**
 * Reads a parsed config.json of `model_type` `bag-of-words` (`vocab_size`, `num_labels`, `mode`) or
 * `mean-of-word-vectors` (`vocab_size`, `num_labels`, `vector_size`).
 *
 * @throws FormatError for a field that is missing or invalid.
 */
export function readWordClassifierConfig(file: string, parsed: unknown): WordClassifierConfig {
  const reader = readFields(file, parsed);
  const kind = reader.field("model_type", choice(["bag-of-words", "mean-of-word-vectors"]));
  const { vocab_size, num_labels } = reader.read({ vocab_size: integer(), num_labels: integer() });
  const shared = { vocabulary: vocab_size, labels: num_labels };
  if (kind === "bag-of-words") {
    return { ...shared, kind, mode: reader.field("mode", optional(choice(["sum", "mean"]), "sum")) };
  }
  return { ...shared, kind, width: reader.field("vector_size", integer()) };
}

/**
 * The tensors of a classifier: those of `torch.nn.EmbeddingBag` and a bias, or of `torch.nn.Embedding` and
 * `torch.nn.Linear`.
 */
export function wordClassifierShapes(config: WordClassifierConfig): NamedShapes {
  const { vocabulary, labels } = config;
  if (config.kind === "bag-of-words") return { "words.weight": [vocabulary, labels], bias: [labels] };
  const { width } = config;
  return { "embedding.weight": [vocabulary, width], "head.weight": [labels, width], "head.bias": [labels] };
}

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
  /** Weight of each word, f32 `[n]`: 1, or 1 / the text's number of words for the mean. */
  readonly weights: Tensor;
  /** Where texts begin, and where the last one ends, u32 `[b + 1]`; the rest is padding. */
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
