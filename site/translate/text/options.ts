import { options } from "../state.ts";
import type { WritingOptions } from "../worker/protocol.ts";

/** An option of writing. */
export interface OptionField {
  readonly name: keyof WritingOptions;
  /** Its key in links. */
  readonly key: string;
  readonly label: string;
  readonly hint: string;
  /** The default if neither the reader nor the model's folder sets a value. */
  readonly standard: number;
  readonly range: readonly [from: number, to: number];
  readonly whole: boolean;
}

/** The options, in the order in which they are shown. */
export const optionFields: readonly OptionField[] = [
  {
    name: "beams",
    key: "beams",
    label: "Beams",
    standard: 1,
    range: [1, 8],
    whole: true,
    hint: "number of texts searched together for the likeliest; 1 takes the likeliest token each time",
  },
  {
    name: "lengthPenalty",
    key: "length_penalty",
    label: "Length penalty",
    standard: 1,
    range: [-10, 10],
    whole: false,
    hint: "with beams: above 0 favours longer texts",
  },
  {
    name: "noRepeatNgram",
    key: "no_repeat",
    label: "No repeat of",
    standard: 0,
    range: [0, 16],
    whole: true,
    hint: "no sequence of so many tokens occurs twice; 0 is off",
  },
  {
    name: "maxTokens",
    key: "max_tokens",
    label: "Tokens at most",
    standard: 256,
    range: [1, 1024],
    whole: true,
    hint: "the text ends there",
  },
];

/** The problem with a value; undefined if it is valid. */
export function problemOf({ label, range: [from, to], whole }: OptionField, value: number): string | undefined {
  const right = value >= from && value <= to && (!whole || Number.isInteger(value));
  return right ? undefined : `${label} is ${whole ? "a whole number" : "a number"} from ${from} to ${to}.`;
}

/** The problem with the reader's options. */
export function optionProblem(): string | undefined {
  for (const field of optionFields) {
    const value = options.value[field.name];
    const problem = value === undefined ? undefined : problemOf(field, value);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
