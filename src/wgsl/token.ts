/** A word, number or sign of a WGSL text. */
export interface Token {
  /** `template` is `<` or `>` as a bracket of a template list; `end` comes after the last token. */
  readonly kind: "word" | "number" | "sign" | "template" | "end";
  readonly text: string;
  /** Where it begins and ends, in characters from the start of the text. */
  readonly at: number;
  readonly end: number;
}
