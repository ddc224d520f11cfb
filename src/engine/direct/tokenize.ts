import type { Calls } from "../core.ts";
import { tokensOfChat } from "./generate.ts";
import { type AnyEntry, answersChat, anyEntryOf, type ChatEntry, entryFor, isDecoder, isEncoder } from "./loaded.ts";
import type { EngineState } from "./state.ts";

/** What makes tokens of texts for a model: of an encoder-decoder those of sources. */
const tokenizerOf = (entry: AnyEntry) =>
  isDecoder(entry)
    ? entry.model.tokenizer
    : isEncoder(entry)
      ? entry.encoder.tokenizer
      : entry.sequence.sourceTokenizer;

/** A text with the special tokens that the model adds, or a conversation in its chat format, as tokens. */
export async function tokenize(
  { models }: EngineState,
  { content, model: id }: Calls["tokenize"][0],
  signal: AbortSignal | undefined,
): Promise<Calls["tokenize"][1]> {
  const isText = typeof content === "string";
  const entry = isText ? anyEntryOf(models, id) : entryFor(models, id, answersChat);
  const tokenizer = tokenizerOf(entry);
  const all = Number.POSITIVE_INFINITY;
  const tokens = isText
    ? await tokenizer.encodeAtMost(content, all, { signal })
    : await tokensOfChat(entry as ChatEntry, content, all, signal);
  return {
    tokens: tokens ?? [],
    texts: (tokens ?? []).map((token) => tokenizer.decode([token], { skipSpecialTokens: false })),
  };
}
