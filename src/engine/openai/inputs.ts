import type { Answered, EnginePiece } from "../generate-request.ts";

/** A prompt to continue, ready to start. */
export interface Prompt {
  readonly index: number;
  /** The part of it that the answer repeats. */
  readonly echo: string;
  readonly begin: () => AsyncGenerator<EnginePiece, Answered, undefined>;
}

/** A field with a text or token ids, or several, as a list. */
export const inputsOf = (
  given: string | readonly string[] | readonly number[] | readonly (readonly number[])[],
): readonly (string | readonly number[])[] =>
  typeof given === "string" || typeof given[0] === "number"
    ? [given as string | readonly number[]]
    : (given as readonly string[]);
