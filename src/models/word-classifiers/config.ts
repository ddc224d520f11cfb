import { choice, integer, optional, readFields } from "../../formats/fields.ts";
import type { NamedShapes } from "../named-weights.ts";

/** The settings of a classifier of texts that does not know the order of their words. */
export type WordClassifierConfig = {
  /** Words. */
  readonly vocabulary: number;
  readonly labels: number;
} & (
  | {
      /** A vector of labels for each word; a text's are added up, or their mean is taken. */
      readonly kind: "bag-of-words";
      readonly mode: "sum" | "mean";
    }
  | {
      /** The mean of vectors of words, and a linear layer. */
      readonly kind: "mean-of-word-vectors";
      /** Numbers of a vector, d. */
      readonly width: number;
    }
);

/**
 * Reads a parsed config.json of `model_type` `bag-of-words` (`vocab_size`, `num_labels`, `mode`) or `mean-of-word-vectors`
 * (`vocab_size`, `num_labels`, `vector_size`).
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

/** The tensors of a classifier: those of `torch.nn.EmbeddingBag` and a bias, or of `torch.nn.Embedding` and `torch.nn.Linear`. */
export function wordClassifierShapes(config: WordClassifierConfig): NamedShapes {
  const { vocabulary, labels } = config;
  if (config.kind === "bag-of-words") return { "words.weight": [vocabulary, labels], bias: [labels] };
  const { width } = config;
  return { "embedding.weight": [vocabulary, width], "head.weight": [labels, width], "head.bias": [labels] };
}
