import { entryOf } from "../direct/loaded.ts";
import type { EngineState } from "../direct/state.ts";
import { entriesOf } from "./completion.ts";
import { checkRequest, embeddingTable } from "./request.ts";
import { checkLength } from "./sampling.ts";
import type { EmbeddingAnswer, EmbeddingRequest } from "./types.ts";

/** Vectors for texts: the model's pooled states. */
export async function answerEmbeddings(
  state: EngineState,
  given: EmbeddingRequest,
  signal: AbortSignal | undefined,
): Promise<EmbeddingAnswer<number[] | string>> {
  const request = checkRequest<EmbeddingRequest>(embeddingTable, "input", given);
  const entry = entryOf(state.models, request.model);
  const inputs = entriesOf(entry, request.input);
  for (const tokens of inputs) checkLength(entry, tokens, "input");
  signal?.throwIfAborted();
  throw new Error("not there yet");
}
