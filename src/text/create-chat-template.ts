import { type ChatTemplate, type ChatTemplateSource, chatTemplateOf } from "./chat-template.ts";
import { readJinja } from "./jinja.ts";

/**
 * The chat template of a model, or undefined where it has none. Throws a TextError for fields that are not templates;
 * an invalid template throws when it is first rendered.
 */
export function createChatTemplate(given: ChatTemplateSource): ChatTemplate | undefined {
  return chatTemplateOf(given, readJinja);
}
