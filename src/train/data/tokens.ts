import { FormatError } from "../../formats/format-error.ts";
import type { Tokenizer } from "../../text/tokenizer.ts";
import type { TrainingDocument } from "./documents.ts";

/** The ids of documents, one after the other. */
export interface TokenDocuments {
  readonly tokens: Uint32Array;
  /** Where each document begins in `tokens`; then where the last one ends. */
  readonly starts: readonly number[];
}

/** How documents become ids. */
export interface TokeniseOptions {
  /** Needed for documents that are texts. */
  readonly tokenizer?: Tokenizer | undefined;
  /** The number of rows of the model's embedding. */
  readonly vocabulary: number;
  /** Called with the documents so far. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Milliseconds of work after which others get a turn. */
const turn = 50;

/**
 * Encodes documents: a text as the tokenizer does, with what that adds around one, and with the token that ends a text after
 * it; ids stay as they are.
 *
 * @throws FormatError for ids that the vocabulary does not have, and for texts without a tokenizer.
 */
export async function tokenise(
  documents: readonly TrainingDocument[],
  { tokenizer, vocabulary, onProgress }: TokeniseOptions,
): Promise<TokenDocuments> {
  let tokens = new Uint32Array(1024);
  let length = 0;
  const starts = [0];
  let since = performance.now();
  for (const [i, document] of documents.entries()) {
    const ids = idsOf(document, tokenizer);
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
    onProgress?.(i + 1, documents.length);
    await new Promise((resolve) => setTimeout(resolve));
    since = performance.now();
  }
  return { tokens: tokens.slice(0, length), starts };
}

function idsOf({ where, content }: TrainingDocument, tokenizer: Tokenizer | undefined): ArrayLike<number> {
  if (typeof content !== "string") return content;
  if (!tokenizer) throw new FormatError(where, "is a text, for which there is no tokenizer");
  const ids = tokenizer.encode(content);
  const { eos } = tokenizer;
  return eos === undefined || ids.at(-1) === eos ? ids : [...ids, eos];
}

function checkIds({ where }: TrainingDocument, ids: Uint32Array, vocabulary: number): void {
  const wrong = ids.findIndex((id) => id >= vocabulary);
  if (wrong < 0) return;
  throw new FormatError(where, `is ${ids[wrong]}, but the model's vocabulary has ${vocabulary} tokens`, {
    field: `token ${wrong}`,
  });
}

/** All documents of several together. */
export function joinTokens(parts: readonly TokenDocuments[]): TokenDocuments {
  const tokens = new Uint32Array(parts.reduce((sum, part) => sum + part.tokens.length, 0));
  const starts = [0];
  let at = 0;
  for (const part of parts) {
    tokens.set(part.tokens, at);
    for (const start of part.starts.slice(1)) starts.push(at + start);
    at += part.tokens.length;
  }
  return { tokens, starts };
}
