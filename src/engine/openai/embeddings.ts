import { encoderSupport } from "../direct/encoders.ts";
import {
  type AnyEntry,
  type EncoderEntry,
  entryFor,
  isDecoder,
  isEncoder,
  type LoadedEntry,
} from "../direct/loaded.ts";
import type { EngineState } from "../direct/state.ts";
import { alone } from "../direct/turns.ts";
import type { Vectors } from "../encoders/embeddings.ts";
import { inputsOf } from "./inputs.ts";
import { checkRequest, embeddingTable, wrongField } from "./request-fields.ts";
import { checkLength, roomOf, tokensOf } from "./sampling.ts";
import type { EmbeddingAnswer, EmbeddingRequest } from "./types.ts";

const makesVectors = (entry: AnyEntry): entry is EncoderEntry | LoadedEntry => isEncoder(entry) || isDecoder(entry);

/**
 * Vectors for texts: by an encoder with its folder's settings, or a language model's last-layer states of each text's
 * last token, scaled to length 1.
 */
export async function answerEmbeddings(
  state: EngineState,
  given: EmbeddingRequest,
  signal: AbortSignal | undefined,
): Promise<EmbeddingAnswer<number[] | string>> {
  const request = checkRequest<EmbeddingRequest>(embeddingTable, "input", given);
  const entry = entryFor(state.models, request.model, makesVectors);
  const width = isEncoder(entry) ? entry.encoder.embedding.width : entry.model.decoder.config.width;
  const { dimensions, encoding_format: format = "float" } = request;
  if (dimensions !== undefined && dimensions > width) {
    throw wrongField("dimensions", dimensions, `an integer from 1 to ${width}`);
  }
  const { vectors, count } = isEncoder(entry)
    ? await (await encoderSupport("embeddings")).vectors(entry, request, signal)
    : await byDecoder(entry, request, signal);
  return {
    object: "list",
    data: vectors.map((vector, index) => ({
      object: "embedding",
      index,
      embedding: format === "base64" ? base64Of(vector) : [...vector],
    })),
    model: entry.id,
    usage: { prompt_tokens: count, total_tokens: count },
  };
}

async function byDecoder(entry: LoadedEntry, request: EmbeddingRequest, signal?: AbortSignal): Promise<Vectors> {
  const { model } = entry;
  const { dimensions, prompt_name: name } = request;
  if (name) throw wrongField("prompt_name", name, "nothing: a language model has no prompts");
  const inputs = await tokensOf(model.tokenizer, roomOf(entry), inputsOf(request.input), "input", signal);
  for (const tokens of inputs) checkLength(roomOf(entry), tokens, "input");
  const vectors = await alone(model, signal, () => model.embed(inputs, { dimensions, signal }));
  return { vectors, count: inputs.reduce((sum, { length }) => sum + length, 0) };
}

/** The bytes of f32, little-endian as on every machine with WebGPU. */
function base64Of({ buffer, byteOffset, byteLength }: Float32Array): string {
  let text = "";
  for (const byte of new Uint8Array(buffer, byteOffset, byteLength)) text += String.fromCharCode(byte);
  return btoa(text);
}
