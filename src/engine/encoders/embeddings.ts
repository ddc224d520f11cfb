import type { EncoderEntry } from "../direct/loaded.ts";
import { inputsOf } from "../openai/inputs.ts";
import type { EmbeddingRequest } from "../openai/types.ts";

/** Vectors of texts, by any kind of model. */
export interface Vectors {
  readonly vectors: readonly Float32Array[];
  /** Tokens of all texts. */
  readonly count: number;
}

/** Vectors of texts by an encoder, with its folder's settings. */
export async function vectorsByEncoder(
  { encoder }: EncoderEntry,
  request: EmbeddingRequest,
  signal?: AbortSignal,
): Promise<Vectors> {
  const { input, prompt_name: promptName, dimensions = encoder.embedding.width } = request;
  const { embeddings, tokens } = await encoder.embed(inputsOf(input), { promptName, signal });
  const shorter = dimensions < encoder.embedding.width;
  return {
    vectors: shorter ? embeddings.map((vector) => shortened(vector, dimensions)) : embeddings,
    count: tokens.reduce((sum, count) => sum + count, 0),
  };
}

/** The first entries of a vector, scaled to length 1. */
function shortened(vector: Float32Array, dimensions: number): Float32Array {
  const kept = vector.slice(0, dimensions);
  const length = Math.hypot(...kept) || 1;
  return kept.map((value) => value / length);
}
