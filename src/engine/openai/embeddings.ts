import { alone } from "../direct/alone.ts";
import { anyEntryOf, type EncoderEntry, isEncoder, type LoadedEntry } from "../direct/loaded.ts";
import type { EngineState } from "../direct/state.ts";
import { entriesOf, inputsOf } from "./completion.ts";
import { checkRequest, embeddingTable, wrongField } from "./request.ts";
import { checkLength } from "./sampling.ts";
import type { EmbeddingAnswer, EmbeddingRequest } from "./types.ts";

/**
 * Vectors for texts: by an encoder as its folder says, or a language model's states of each one's last token after the last
 * layer, of length 1.
 */
export async function answerEmbeddings(
  state: EngineState,
  given: EmbeddingRequest,
  signal: AbortSignal | undefined,
): Promise<EmbeddingAnswer<number[] | string>> {
  const request = checkRequest<EmbeddingRequest>(embeddingTable, "input", given);
  const entry = anyEntryOf(state.models, request.model);
  const width = isEncoder(entry) ? entry.encoder.embedding.width : entry.model.decoder.config.width;
  const { dimensions, encoding_format: format = "float" } = request;
  if (dimensions !== undefined && dimensions > width) {
    throw wrongField("dimensions", dimensions, `an integer from 1 to ${width}`);
  }
  const embed = isEncoder(entry) ? byEncoder : byDecoder;
  const { vectors, count } = await embed(entry as EncoderEntry & LoadedEntry, request, signal);
  return {
    object: "list",
    data: vectors.map((vector, index) => ({
      ...{ object: "embedding", index },
      embedding: format === "base64" ? base64Of(vector) : [...vector],
    })),
    model: entry.id,
    usage: { prompt_tokens: count, total_tokens: count },
  };
}

interface Vectors {
  readonly vectors: readonly Float32Array[];
  /** Tokens of all texts. */
  readonly count: number;
}

async function byDecoder(entry: LoadedEntry, request: EmbeddingRequest, signal?: AbortSignal): Promise<Vectors> {
  const { model } = entry;
  const { dimensions, prompt_name: name } = request;
  if (name) throw wrongField("prompt_name", name, "nothing: a language model has no prompts");
  const inputs = entriesOf(entry, request.input);
  for (const tokens of inputs) checkLength(entry, tokens, "input");
  const vectors = await alone(model, signal, () => model.embed(inputs, { dimensions, signal }));
  return { vectors, count: inputs.reduce((sum, { length }) => sum + length, 0) };
}

async function byEncoder({ encoder }: EncoderEntry, request: EmbeddingRequest, signal?: AbortSignal): Promise<Vectors> {
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

/** The bytes of f32, little-endian as on every machine with WebGPU. */
function base64Of({ buffer, byteOffset, byteLength }: Float32Array): string {
  let text = "";
  for (const byte of new Uint8Array(buffer, byteOffset, byteLength)) text += String.fromCharCode(byte);
  return btoa(text);
}
