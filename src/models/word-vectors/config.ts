import { integer, only, readFields } from "../../formats/fields.ts";
import type { NamedShapes } from "../named-weights.ts";

/** The settings of word vectors. */
export interface WordVectorsConfig {
  /** Words. */
  readonly vocabulary: number;
  /** Numbers of a vector, d. */
  readonly width: number;
}

/**
 * Reads a parsed config.json of `model_type` `skip-gram`: `vocab_size` and `vector_size`.
 *
 * @throws FormatError for a field that is missing or invalid.
 */
export function readWordVectorsConfig(file: string, parsed: unknown): WordVectorsConfig {
  const fields = { model_type: only("skip-gram"), vocab_size: integer(), vector_size: integer() };
  const { vocab_size, vector_size } = readFields(file, parsed).read(fields);
  return { vocabulary: vocab_size, width: vector_size };
}

/** The tensors of word vectors: those of words that predict, and those of words that are predicted. */
export const wordVectorsShapes = ({ vocabulary, width }: WordVectorsConfig): NamedShapes => ({
  "input.weight": [vocabulary, width],
  "output.weight": [vocabulary, width],
});
