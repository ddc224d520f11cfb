import type { FieldReader } from "../../json/fields.ts";

/** The tokens of a GGUF file. */
export interface Tokens {
  readonly reader: FieldReader;
  readonly texts: readonly string[];
  /** One per token; see `tokenKinds`. */
  readonly kinds: readonly number[];
  /** One per token; may be empty. */
  readonly scores: readonly number[];
}

/** Kinds of tokens by their numbers in `tokenizer.ggml.token_type`. */
export const tokenKinds = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** What differs between the kinds of tokenizers. */
export interface TokenizerKind {
  readonly normalizer: unknown;
  readonly preTokenizer: unknown;
  readonly decoder: unknown;
  readonly model: Readonly<Record<string, unknown>>;
  /** Ids of the tokens that begin and end a text if the file names none. */
  readonly bos: number | undefined;
  readonly eos: number | undefined;
  /** Whether a text begins with `bos` if the file does not say. */
  readonly addsBos: boolean;
  readonly warnings: readonly string[];
}

/** Ids of the vocabulary by text; the first of equal texts. */
export function vocabularyOf({ texts }: Tokens): Record<string, number> {
  const ids = new Map<string, number>();
  for (const [id, token] of texts.entries()) if (!ids.has(token)) ids.set(token, id);
  return Object.fromEntries(ids);
}
