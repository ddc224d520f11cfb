import type { ChatMessage } from "../../text/chat-template.ts";
import type { Calls } from "../core.ts";
import { tokensOfChat } from "./generate.ts";
import { anyEntryOf, entryOf, isEncoder, type LoadedModels } from "./loaded.ts";
import type { EngineState } from "./state.ts";

/** A text with the special tokens that the model adds, or a conversation in its chat format, as tokens. */
export function tokenize({ models }: EngineState, { content, model: id }: Calls["tokenize"][0]): Calls["tokenize"][1] {
  const { tokenizer, tokens } = typeof content === "string" ? ofText(models, content, id) : ofChat(models, content, id);
  return { tokens, texts: tokens.map((token) => tokenizer.decode([token], { skipSpecialTokens: false })) };
}

function ofText(models: LoadedModels, text: string, id: string | undefined) {
  const entry = anyEntryOf(models, id);
  const { tokenizer } = isEncoder(entry) ? entry.encoder : entry.model;
  return { tokenizer, tokens: tokenizer.encode(text) };
}

function ofChat(models: LoadedModels, messages: readonly ChatMessage[], id: string | undefined) {
  const entry = entryOf(models, id);
  return { tokenizer: entry.model.tokenizer, tokens: tokensOfChat(entry, messages) };
}
