import { FormatError } from "../../formats/format-error.ts";
import type { Progress } from "../../formats/load-progress.ts";
import {
  type Checks,
  callback,
  checkOptions,
  fieldsOf,
  having,
  integer,
  listOf,
  object,
  required,
  size,
} from "../../options/checks.ts";
import { TextError } from "../../text/text-error.ts";
import type { Tokenizer } from "../../text/tokenizer.ts";
import { type AnswerTemplate, answerTokens } from "./answer-tokens.ts";
import { checkDocuments, type TrainingDocument } from "./documents.ts";

/** The ids of documents, concatenated. */
export interface TokenDocuments {
  readonly tokens: Uint32Array;
  /** The start of each document in `tokens`, then the end of the last one. */
  readonly starts: readonly number[];
  /** 1 for each token to learn, 0 for those that are only read; unset: all are learnt. */
  readonly counts?: Uint8Array | undefined;
}

/** The target of a prediction that does not count. */
const ignored = -100;

/** The token at a position as a target: itself, or −100 if it is not learnt, and beyond the end. */
export const targetAt = ({ tokens, counts }: Omit<TokenDocuments, "starts">, at: number): number =>
  counts?.[at] === 0 ? ignored : (tokens[at] ?? ignored);

/** How documents are encoded. */
export interface TokeniseOptions {
  /** Needed for documents that are texts. */
  readonly tokenizer?: Tokenizer | undefined;
  /** Needed for conversations. */
  readonly template?: AnswerTemplate | undefined;
  /** The number of rows of the model's embedding, which ids are below; unset: ids are not checked. */
  readonly vocabulary?: number | undefined;
  /** Called after each document with the number of finished documents, and of all. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

const fields = fieldsOf<TokeniseOptions>({
  tokenizer: having("encode", "a tokenizer"),
  template: having("plain", "a chat template of readAnswerTemplate"),
  vocabulary: integer(1),
  onProgress: callback,
});

/** The checks of {@link TokenDocuments}. */
export const tokensChecks: Checks<TokenDocuments> = {
  tokens: required((value) => (value instanceof Uint32Array ? undefined : "a Uint32Array")),
  starts: required(listOf(size)),
  counts: (value) => (value instanceof Uint8Array ? undefined : "a Uint8Array"),
};
export const tokensCheck = object<TokenDocuments>(tokensChecks);

/** Milliseconds of work before other tasks get a turn. */
const turn = 50;

/**
 * Encodes documents, texts or lists of ids: a text with the tokenizer, including special tokens, followed by the
 * end-of-text token; ids stay unchanged; a conversation in the model's chat format, where only answers are learnt.
 * Other tasks get a turn every 50 ms.
 *
 * @throws FormatError for ids outside the vocabulary, for texts without a tokenizer, and for conversations without a
 * chat template, or rejected by it; OptionError for invalid documents.
 */
export async function tokenise(
  given: readonly (string | TrainingDocument)[],
  options: TokeniseOptions,
): Promise<TokenDocuments> {
  checkOptions("tokenise", fields, options);
  const documents = checkDocuments("tokenise", given);
  const { tokenizer, template, vocabulary = 2 ** 32, onProgress } = options;
  let tokens = new Uint32Array(1024);
  const learnt: (readonly [begin: number, counts: Uint8Array])[] = [];
  let length = 0;
  const starts = [0];
  let since = performance.now();
  for (const [i, document] of documents.entries()) {
    const { ids, counts } = idsOf(document, tokenizer, template);
    if (counts) learnt.push([length, counts]);
    if (length + ids.length > tokens.length) {
      const larger = new Uint32Array(2 * (length + ids.length));
      larger.set(tokens.subarray(0, length));
      tokens = larger;
    }
    tokens.set(ids, length);
    checkIds(document, tokens.subarray(length, length + ids.length), vocabulary);
    length += ids.length;
    starts.push(length);
    if (performance.now() - since < turn) continue;
    onProgress?.({ done: i + 1, total: documents.length });
    await new Promise((resolve) => setTimeout(resolve));
    since = performance.now();
  }
  const found = { tokens: tokens.slice(0, length), starts };
  if (learnt.length === 0) return found;
  const counts = new Uint8Array(length).fill(1);
  for (const [begin, of] of learnt) counts.set(of, begin);
  return { ...found, counts };
}

interface DocumentTokens {
  readonly ids: ArrayLike<number>;
  readonly counts?: Uint8Array;
}

function idsOf(
  { where, content, conversation }: TrainingDocument,
  tokenizer: Tokenizer | undefined,
  template: AnswerTemplate | undefined,
): DocumentTokens {
  if (typeof content !== "string") return { ids: content };
  if (!tokenizer) throw new FormatError(where, "is a text, for which there is no tokenizer");
  if (conversation) {
    if (!template) throw new FormatError(where, "is a conversation, for which the model has no chat template");
    try {
      return answerTokens(conversation, template, tokenizer);
    } catch (cause) {
      if (cause instanceof TextError) throw new FormatError(where, cause.message, { cause });
      throw cause;
    }
  }
  const ids = tokenizer.encode(content);
  const { eos } = tokenizer;
  return { ids: eos === undefined || ids.at(-1) === eos ? ids : [...ids, eos] };
}

function checkIds({ where }: TrainingDocument, ids: Uint32Array, vocabulary: number): void {
  const wrong = ids.findIndex((id) => id >= vocabulary);
  if (wrong < 0) return;
  throw new FormatError(where, `is ${ids[wrong]}, but the model's vocabulary has ${vocabulary} tokens`, {
    field: `token ${wrong}`,
  });
}

/** Several sets of documents as one. */
export function joinTokens(parts: readonly TokenDocuments[]): TokenDocuments {
  const tokens = new Uint32Array(parts.reduce((sum, part) => sum + part.tokens.length, 0));
  const starts = [0];
  const counts = parts.some((part) => part.counts) ? new Uint8Array(tokens.length).fill(1) : undefined;
  let at = 0;
  for (const part of parts) {
    tokens.set(part.tokens, at);
    if (part.counts) counts?.set(part.counts, at);
    for (const start of part.starts.slice(1)) starts.push(at + start);
    at += part.tokens.length;
  }
  return { tokens, starts, ...(counts ? { counts } : {}) };
}
