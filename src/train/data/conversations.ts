// Conversations as training data, in OpenAI's fine-tuning format: {"messages": [{"role": …, "content": …}, …]}.
import { FormatError } from "../../formats/format-error.ts";
import type { ChatMessage } from "../../text/template/chat-template.ts";

/** A conversation whose answers are learnt. */
export interface Conversation {
  readonly messages: readonly ChatMessage[];
  /** Descriptions of tools, for the template. */
  readonly tools?: readonly unknown[];
  /** The indices of the messages to learn: the assistant's, except those with weight 0. */
  readonly answers: readonly number[];
}

const roles = ["system", "developer", "user", "assistant", "tool"];

/** Maximum messages of a conversation, which is rendered once per answer. */
const maxMessages = 1000;

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The checked conversation of a parsed line; `developer` messages count as system messages, as in the server.
 *
 * @param where file and line, for messages.
 * @throws FormatError for invalid messages, unknown roles, messages without text, and if no answer is to be learnt.
 */
export function conversationOf(where: string, { messages, tools }: Fields): Conversation {
  const fail = (field: string, problem: string): never => {
    throw new FormatError(where, problem, { field });
  };
  if (!Array.isArray(messages) || messages.length === 0) return fail("messages", "is no list of messages");
  if (messages.length > maxMessages) {
    fail("messages", `has ${messages.length} entries, expected at most ${maxMessages}`);
  }
  if (tools !== undefined && tools !== null && !Array.isArray(tools)) fail("tools", "is no list");
  const checked = messages.map((message: unknown, i): ChatMessage => {
    const at = `messages[${i}]`;
    if (!isFields(message)) return fail(at, "is no object with role and content");
    const { role, weight: _, ...rest } = message;
    if (role === undefined) fail(`${at}.role`, "is missing");
    if (typeof role !== "string" || !roles.includes(role)) {
      fail(`${at}.role`, `is ${JSON.stringify(role).slice(0, 80)}, expected ${roles.join(", ")}`);
    }
    const calls = role === "assistant" && Array.isArray(message["tool_calls"]) && message["tool_calls"].length > 0;
    const content = message["content"] ?? undefined;
    if (content === undefined && !calls) fail(`${at}.content`, "is missing");
    const text = content === undefined ? "" : textOf(content, (part, problem) => fail(`${at}.content${part}`, problem));
    return { ...rest, role: role === "developer" ? "system" : (role as string), content: text };
  });
  const answers = messages.flatMap(({ role, weight }: Fields, i) => {
    if (weight !== undefined && weight !== null && weight !== 0 && weight !== 1) {
      fail(`messages[${i}].weight`, `is ${JSON.stringify(weight).slice(0, 80)}, expected 0 or 1`);
    }
    return role === "assistant" && weight !== 0 ? [i] : [];
  });
  if (answers.length === 0) fail("messages", "has no message of the assistant to learn");
  return { messages: checked, answers, ...(Array.isArray(tools) && tools.length > 0 ? { tools } : {}) };
}

/** Content as one text: the string, or the texts of its parts. */
function textOf(content: unknown, fail: (part: string, problem: string) => never): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return fail("", "is neither a text nor a list of parts with type text");
  const texts = content.map((part: unknown, i) => {
    if (isFields(part) && part["type"] === "text" && typeof part["text"] === "string") return part["text"];
    return fail(`[${i}]`, "is no part with type text: models take nothing else");
  });
  return texts.join("\n");
}

/** All texts of a conversation: identify it when documents are held out, and train the tokenizer. */
export const textsOf = ({ messages }: Conversation): string => messages.map(({ content }) => content).join("\n");
