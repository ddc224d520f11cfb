import { shown } from "../../options/checks.ts";
import type { ChatMessage } from "../../text/chat-template.ts";
import { RequestError } from "../request-error.ts";
import { wrongField } from "./request.ts";

/**
 * Messages as chat templates take them: content as one text, instructions of a `developer` as those of the system.
 *
 * @throws RequestError with status 400 and the path of what is wrong.
 */
export function readMessages(messages: unknown): ChatMessage[] {
  if (!Array.isArray(messages) || messages.length === 0) {
    throw wrongField("messages", messages, "a list of one message or more");
  }
  return messages.map((message: unknown, i) => {
    const at = `messages[${i}]`;
    if (typeof message !== "object" || message === null || Array.isArray(message)) {
      throw wrongField(at, message, "an object with role and content");
    }
    const { role, content, ...rest } = message as Record<string, unknown>;
    if (typeof role !== "string") throw wrongField(`${at}.role`, role, "a text");
    if ((rest["tool_calls"] ?? rest["function_call"]) !== undefined || role === "tool" || role === "function") {
      throw new RequestError(`${at}: tools are not supported`, { param: at, code: "unsupported_value" });
    }
    if ((content === undefined || content === null) && role !== "assistant") {
      throw wrongField(`${at}.content`, content, "a text, or a list of parts with type text");
    }
    const text = content === undefined || content === null ? "" : textOf(content, `${at}.content`);
    return { ...rest, role: role === "developer" ? "system" : role, content: text };
  });
}

function textOf(content: unknown, at: string): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) throw wrongField(at, content, "a text, or a list of parts with type text");
  const texts = content.map((part: unknown, i) => {
    const { type, text } = (typeof part === "object" && part !== null ? part : {}) as Record<string, unknown>;
    if (type !== "text" || typeof text !== "string") {
      const problem = `${at}[${i}] has the type ${shown(type)}, expected text: models take nothing else`;
      throw new RequestError(problem, { param: `${at}[${i}]`, code: "unsupported_value" });
    }
    return text;
  });
  return texts.join("\n");
}
