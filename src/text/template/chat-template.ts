import { asArray, asRecord, asString, type JsonRecord, refuse } from "../json-field.ts";
import { TextError } from "../text-error.ts";
import { namedToken, SPECIAL_TOKEN_NAMES } from "../tokenizer-config.ts";
import type { JinjaTemplate, readJinja } from "./jinja.ts";

/** One turn of a conversation. Templates may read more fields (`tool_calls`, `name`, `reasoning_content`). */
export interface ChatMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly [field: string]: unknown;
}

/** Variables of a template other than the messages; other fields become variables of the same name. */
export interface ChatTemplateOptions {
  /** Ends with the beginning of the answer, if the template supports it; default true. */
  readonly addGenerationPrompt?: boolean;
  /** JSON descriptions of the tools that the model may call. */
  readonly tools?: readonly unknown[];
  readonly [variable: string]: unknown;
}

/** How a model formats a conversation as one text. */
export interface ChatTemplate {
  /**
   * The conversation as text, special tokens included: encode it with `addSpecialTokens: false`, or a text that begins
   * with the bos token gets a second one. Throws a TextError if the template rejects the messages or cannot be used.
   */
  render(messages: readonly ChatMessage[], options?: ChatTemplateOptions): string;
}

/** The templates of a model by name: a single one is called "default". */
function templateSources(config: JsonRecord, file: string | undefined): Map<string, string> {
  const field = "tokenizer_config.json: chat_template";
  const given = file ?? config["chat_template"] ?? "";
  const sources = new Map<string, string>();
  if (typeof given === "string") {
    if (given !== "") sources.set("default", given);
    return sources;
  }
  for (const [i, value] of asArray(given, field).entries()) {
    const entry = asRecord(value, `${field}[${i}]`);
    sources.set(asString(entry["name"], `${field}[${i}].name`), asString(entry["template"], `${field}[${i}].template`));
  }
  return sources;
}

/** The special tokens as variables: `bos_token`, `eos_token` and others in tokenizer_config.json. */
function specialTokens(config: JsonRecord): Record<string, string> {
  const tokens: Record<string, string> = {};
  for (const name of SPECIAL_TOKEN_NAMES) {
    const token = namedToken(config, name);
    if (token !== undefined) tokens[name] = token;
  }
  return tokens;
}

function checkMessages(messages: readonly ChatMessage[]): void {
  for (const [i, message] of asArray(messages, "messages").entries()) {
    const role = asRecord(message, `messages[${i}]`)["role"];
    if (typeof role !== "string") refuse(`messages[${i}].role`, role, "a string");
  }
}

/** The sources of a model's chat template. */
export interface ChatTemplateSource {
  /** The parsed tokenizer_config.json. */
  readonly tokenizerConfig: unknown;
  /** The text of chat_template.jinja, which takes precedence. */
  readonly chatTemplateJinja?: string | undefined;
  /** Which of several templates; default "tool_use" with tools, else "default". */
  readonly name?: string;
  /** The time for `strftime_now`. */
  readonly now?: () => Date;
}

/**
 * The chat template of a model, or undefined without one. `read` parses with Jinja, which is as large as the rest of
 * `text`: a page loads it only for a model that has a template. A template is parsed when first rendered, so that a
 * model with an invalid template still completes plain text. Source: the Hugging Face documentation of chat templates
 * and transformers' `apply_chat_template`.
 */
export function chatTemplateOf(given: ChatTemplateSource, read: typeof readJinja): ChatTemplate | undefined {
  const config = asRecord(given.tokenizerConfig ?? {}, "tokenizer_config.json");
  const sources = templateSources(config, given.chatTemplateJinja);
  if (sources.size === 0) return undefined;
  const tokens = specialTokens(config);
  const known = new Map<string, JinjaTemplate>();

  function chosen(withTools: boolean): JinjaTemplate {
    const name = given.name ?? (withTools && sources.has("tool_use") ? "tool_use" : "default");
    const source = sources.get(name);
    if (source === undefined) {
      throw new TextError(
        `no chat template is called ${JSON.stringify(name)}; there are ${[...sources.keys()].join(", ")}`,
      );
    }
    const template = known.get(name) ?? read(source, given.now ?? (() => new Date()));
    known.set(name, template);
    return template;
  }

  return {
    render(messages, { addGenerationPrompt = true, tools, ...extra } = {}) {
      checkMessages(messages);
      const variables = {
        ...tokens,
        documents: null,
        ...extra,
        messages,
        tools: tools ?? null,
        add_generation_prompt: addGenerationPrompt,
      };
      // Through JSON, so that a field set to undefined is absent.
      return chosen(tools !== undefined).render(JSON.parse(JSON.stringify(variables)));
    },
  };
}

/** As `createChatTemplate`, with Jinja loaded if there is a template. */
export async function loadChatTemplate(given: ChatTemplateSource): Promise<ChatTemplate | undefined> {
  const config = asRecord(given.tokenizerConfig ?? {}, "tokenizer_config.json");
  if (templateSources(config, given.chatTemplateJinja).size === 0) return undefined;
  const { readJinja } = await import("./jinja.ts");
  return chatTemplateOf(given, readJinja);
}

/** As `loadChatTemplate`, with the template parsed immediately. Throws a TextError if it is invalid. */
export async function parseChatTemplate(
  given: ChatTemplateSource & { readonly chatTemplateJinja: string },
): Promise<ChatTemplate | undefined> {
  const { readJinja } = await import("./jinja.ts");
  readJinja(given.chatTemplateJinja, () => new Date());
  return chatTemplateOf(given, readJinja);
}
