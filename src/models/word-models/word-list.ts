// The words of models of words, as a tokenizer.json.
import { FormatError, shortened } from "../../formats/format-error.ts";

/** The words of a text: what is between white space, as it stands. */
export const plainWords = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

/** A `tokenizer.json` by which Hugging Face's tokenizers split a text into these words, too. */
export function wordTokenizer(words: readonly string[]): string {
  const vocab = Object.fromEntries(words.map((word, id) => [word, id]));
  return JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: "WhitespaceSplit" },
    post_processor: null,
    decoder: null,
    model: { type: "WordLevel", vocab, unk_token: "<unk>" },
  });
}

/**
 * The words of a parsed `tokenizer.json` in the order of their ids.
 *
 * @throws FormatError unless it is a WordLevel model with a word for each id from 0 to `count` − 1.
 */
export function readWords(file: string, parsed: unknown, count: number): readonly string[] {
  const { type, vocab } =
    (parsed as { readonly model?: { readonly type?: unknown; readonly vocab?: unknown } }).model ?? {};
  if (type !== "WordLevel" || typeof vocab !== "object" || vocab === null) {
    throw new FormatError(
      file,
      `is ${shortened(JSON.stringify(type) ?? "missing", 60)}, expected WordLevel with a vocab`,
      {
        field: "model.type",
      },
    );
  }
  const words: string[] = [];
  for (const [word, id] of Object.entries(vocab)) if (Number.isInteger(id) && id >= 0 && id < count) words[id] = word;
  const entries = Object.keys(vocab).length;
  const gap = Array.from({ length: count }, (_, id) => words[id]).indexOf(undefined);
  if (entries === count && gap < 0) return words;
  const problem = gap < 0 ? `has ${entries} words` : `has no word of id ${gap}`;
  throw new FormatError(file, `${problem}, expected one for each id below ${count} (vocab_size in config.json)`, {
    field: "model.vocab",
  });
}
