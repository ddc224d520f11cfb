/**
 * A tokenizer, chat template or stop list that is invalid or unsupported, or a text that cannot be encoded. The message
 * names the file and the field, what was found and what was expected.
 */
export class TextError extends Error {
  override readonly name = "TextError";
}
