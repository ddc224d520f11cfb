import type { Calls } from "../core.ts";
import { tokensOfChat } from "./generate.ts";
import { anyEntryOf, entryOf, isEncoder, type LoadedEntry } from "./loaded.ts";
import type { EngineState } from "./state.ts";

/** A text with the special tokens that the model adds, or a conversation in its chat format, as tokens. */
export function tokenize({ models }: EngineState, { content, model: id }: Calls["tokenize"][0]): Calls["tokenize"][1] {
  const isText = typeof content === "string";
  const entry = isText ? anyEntryOf(models, id) : entryOf(models, id);
  const { tokenizer } = isEncoder(entry) ? entry.encoder : entry.model;
  const tokens = isText ? tokenizer.encode(content) : tokensOfChat(entry as LoadedEntry, content);
  return { tokens, texts: tokens.map((token) => tokenizer.decode([token], { skipSpecialTokens: false })) };
}
