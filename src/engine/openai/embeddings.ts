import { alone } from "../direct/alone.ts";
import { entryOf } from "../direct/loaded.ts";
import type { EngineState } from "../direct/state.ts";
import { entriesOf } from "./completion.ts";
import { checkRequest, embeddingTable, wrongField } from "./request.ts";
import { checkLength } from "./sampling.ts";
import type { EmbeddingAnswer, EmbeddingRequest } from "./types.ts";

/** Vectors for texts: the state of each one's last token after the last layer, of length 1. */
export async function answerEmbeddings(
  state: EngineState,
  given: EmbeddingRequest,
  signal: AbortSignal | undefined,
): Promise<EmbeddingAnswer<number[] | string>> {
  const request = checkRequest<EmbeddingRequest>(embeddingTable, "input", given);
  const entry = entryOf(state.models, request.model);
  const { model } = entry;
  const { width } = model.decoder.config;
  const { dimensions, encoding_format: format = "float" } = request;
  if (dimensions !== undefined && dimensions > width) {
    throw wrongField("dimensions", dimensions, `an integer from 1 to ${width}`);
  }
  const inputs = entriesOf(entry, request.input);
  for (const tokens of inputs) checkLength(entry, tokens, "input");
  const vectors = await alone(model, signal, () => model.embed(inputs, { dimensions, signal }));
  const count = inputs.reduce((sum, { length }) => sum + length, 0);
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

/** The bytes of f32, little-endian as on every machine with WebGPU. */
function base64Of({ buffer, byteOffset, byteLength }: Float32Array<ArrayBuffer>): string {
  let text = "";
  for (const byte of new Uint8Array(buffer, byteOffset, byteLength)) text += String.fromCharCode(byte);
  return btoa(text);
}
