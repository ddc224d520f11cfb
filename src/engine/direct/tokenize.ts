import type { Calls } from "../core.ts";
import { tokensOfChat } from "./generate.ts";
import { entryOf } from "./loaded.ts";
import type { EngineState } from "./state.ts";

/** A text with the special tokens that the model adds, or a conversation in its chat format, as tokens. */
export function tokenize({ models }: EngineState, { content, model: id }: Calls["tokenize"][0]): Calls["tokenize"][1] {
  const entry = entryOf(models, id);
  const { tokenizer } = entry.model;
  const tokens = typeof content === "string" ? tokenizer.encode(content) : tokensOfChat(entry, content);
  return { tokens, texts: tokens.map((token) => tokenizer.decode([token], { skipSpecialTokens: false })) };
}
