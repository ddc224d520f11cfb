import { anything, callback, checkOptions, fieldsOf, text } from "../../options/checks.ts";
import { type ChatTemplate, type ChatTemplateSource, chatTemplateOf } from "./chat-template.ts";
import { readJinja } from "./jinja.ts";

const fields = fieldsOf<ChatTemplateSource>({
  tokenizerConfig: anything, // its fields are checked when read
  chatTemplateJinja: text,
  name: text,
  now: callback,
});

/**
 * The chat template of a model, or undefined without one. Throws a TextError for fields that are not templates; an
 * invalid template throws when it is first rendered.
 */
export function createChatTemplate(given: ChatTemplateSource): ChatTemplate | undefined {
  checkOptions("createChatTemplate", fields, given);
  return chatTemplateOf(given, readJinja);
}
