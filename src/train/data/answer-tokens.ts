import type { FileSource } from "../../formats/source.ts";
import { modelFiles } from "../../generate/load/model-files.ts";
import { type OpeningOptions, openFrom, openingChecks } from "../../generate/load/opening.ts";
import { checkOptions, fieldsOf, nonEmpty } from "../../options/checks.ts";
import { type ChatTemplate, loadChatTemplate } from "../../text/template/chat-template.ts";
import { TextError } from "../../text/text-error.ts";
import type { Tokenizer } from "../../text/tokenizer.ts";
import type { Conversation } from "./conversations.ts";

/** A model's chat template, for training. */
export interface AnswerTemplate {
  readonly plain: ChatTemplate;
  /**
   * As `plain`, with marks around the text between `{% generation %}` and `{% endgeneration %}`; unset: it has none.
   */
  readonly marked?: ChatTemplate | undefined;
}

/** From Unicode's private use area; not used for a conversation in which they occur. */
const [opening, closing] = ["\u{f8f0}", "\u{f8f1}"];

const tag = /(\s*){%(-?)\s*(end)?generation\s*(-?)%}(\s*)(?=(?<next>{[#%-])?)/g;

/**
 * A template with marks in place of the tags around answers, and white space as if tags were trimmed: the template
 * engine drops the tags, which do not change the text.
 */
function withMarks(template: string): string {
  return template.replace(tag, (...found) => {
    const [, before, left, end, right, after, offset] = found as unknown as [string, ...string[]] & { 6: number };
    const { next } = found.at(-1) as { readonly next?: string };
    const isLine = before?.includes("\n") || Number(offset) === 0;
    const ahead = left ? "" : isLine ? (before ?? "").replace(/[ \t]*$/, "") : before;
    const rest = next && after?.includes("\n") ? after.replace(/[ \t]*$/, "") : after;
    return `${ahead}${end ? closing : opening}${right ? "" : (rest ?? "").replace(/^\n/, "")}`;
  });
}

/** Options of `readAnswerTemplate`. */
export interface AnswerTemplateOptions extends OpeningOptions {
  /** A Jinja template in place of the model's own. */
  readonly chatTemplate?: string | undefined;
}

const fields = fieldsOf<AnswerTemplateOptions>({ ...openingChecks, chatTemplate: nonEmpty });

/**
 * The chat template of a model, `from` as for `loadModel`, or the given one, with which `tokenise` encodes
 * conversations and finds the tokens to learn, or undefined.
 *
 * @throws FormatError for missing or invalid files; TextError for an invalid template.
 */
export async function readAnswerTemplate(
  from: string | URL | FileSource,
  options: AnswerTemplateOptions = {},
): Promise<AnswerTemplate | undefined> {
  checkOptions("readAnswerTemplate", fields, options);
  const { chatTemplate, ...opening } = options;
  const files = await modelFiles(await openFrom("readAnswerTemplate", from, opening));
  const [tokenizerConfig, file] = [await files.tokenizerConfig(), chatTemplate ?? (await files.chatTemplate())];
  return await answerTemplate(tokenizerConfig, file);
}

/** The chat template in a parsed `tokenizer_config.json`, or in the text of a file, which takes precedence. */
export async function answerTemplate(
  tokenizerConfig: Readonly<Record<string, unknown>>,
  file?: string,
): Promise<AnswerTemplate | undefined> {
  const plain = await loadChatTemplate({ tokenizerConfig, chatTemplateJinja: file });
  if (!plain) return undefined;
  const given = file ?? tokenizerConfig["chat_template"];
  const marked = (text: unknown) => (typeof text === "string" ? withMarks(text) : text);
  const all = Array.isArray(given)
    ? given.map((one) => ({ ...one, template: marked((one as { readonly template?: unknown }).template) }))
    : marked(given);
  if (!JSON.stringify(all).includes(opening)) return { plain };
  return { plain, marked: await loadChatTemplate({ tokenizerConfig: { ...tokenizerConfig, chat_template: all } }) };
}

/** The range of an answer in a text, in code units. */
type Span = readonly [begin: number, end: number];

/** The spans between a template's marks; undefined if it has none or they cannot be used for this conversation. */
function spansOfMarks({ marked }: AnswerTemplate, text: string, conversation: Conversation): Span[] | undefined {
  const { messages, answers, tools } = conversation;
  if (!marked || text.includes(opening) || text.includes(closing)) return undefined;
  const options = { addGenerationPrompt: false, ...(tools ? { tools } : {}) };
  const found = marked.render(messages, options);
  if (found.replaceAll(opening, "").replaceAll(closing, "") !== text) return undefined;
  const spans: Span[] = [];
  let [at, begin] = [0, -1];
  for (const part of found.split(/([\u{f8f0}\u{f8f1}])/u)) {
    if (part === opening) begin = at;
    else if (part === closing) spans.push([begin, at]);
    else at += part.length;
  }
  const all = messages.flatMap(({ role }, i) => (role === "assistant" ? [i] : []));
  if (spans.length === 0 || all.length === answers.length) return spans;
  return spans.length === all.length ? spans.filter((_, i) => answers.includes(all[i] ?? -1)) : undefined;
}

/**
 * The spans of answers by rendering growing conversations: each from the end of the generation prompt
 * (`add_generation_prompt`) to the end of the conversation up to it, as TRL finds a completion.
 */
function spansOfPrefixes({ plain }: AnswerTemplate, text: string, conversation: Conversation): Span[] {
  const { messages, answers, tools } = conversation;
  const upTo = (count: number, addGenerationPrompt: boolean) =>
    plain.render(messages.slice(0, count), { addGenerationPrompt, ...(tools ? { tools } : {}) });
  return answers.map((index): Span => {
    const until = upTo(index + 1, false);
    const before = upTo(index, true);
    if (!text.startsWith(until) || !until.startsWith(before)) {
      const what = text.startsWith(until) ? "what asks for an answer" : "an answer when more follows";
      throw new TextError(
        `messages[${index}]: the chat template writes ${what} otherwise, so that its tokens are not known; split the conversation, or mark answers in the template by {% generation %}`,
      );
    }
    return [before.length, until.length];
  });
}

/**
 * The tokens of a conversation in a model's chat format, and which of them are learnt: those of answers, with the
 * template's end of an answer. They are found by the template's marks `{% generation %}`, or else by the text that each
 * answer adds.
 *
 * @throws TextError if the template rejects the messages, or no answer's tokens can be found.
 */
export function answerTokens(
  conversation: Conversation,
  template: AnswerTemplate,
  tokenizer: Pick<Tokenizer, "encode">,
): { readonly ids: readonly number[]; readonly counts: Uint8Array } {
  const { messages, tools } = conversation;
  const text = template.plain.render(messages, { addGenerationPrompt: false, ...(tools ? { tools } : {}) });
  const spans = spansOfMarks(template, text, conversation) ?? spansOfPrefixes(template, text, conversation);
  const encode = (part: string) => tokenizer.encode(part, { addSpecialTokens: false });
  const ids = encode(text);
  /** Number of tokens within a prefix of the text: one that reaches beyond its end belongs to the rest. */
  const tokensUpTo = (end: number) => {
    if (end === text.length) return ids.length;
    const part = encode(text.slice(0, end));
    const differs = part.findIndex((id, i) => id !== ids[i]);
    return differs < 0 ? part.length : differs;
  };
  const counts = new Uint8Array(ids.length);
  for (const [begin, end] of spans) counts.fill(1, tokensUpTo(begin), tokensUpTo(end));
  if (!counts.includes(1)) throw new TextError("the chat template gives answers no tokens");
  return { ids, counts };
}
