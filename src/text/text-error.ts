/**
 * A tokenizer, chat template or stop list that cannot be used as it is, or a text it cannot take.
 * The message names the file and the field, what is there and what was expected.
 */
export class TextError extends Error {
  override readonly name = "TextError";
}
