import type { Answered, EnginePiece } from "../generate-request.ts";

/** A prompt to continue, ready to begin. */
export interface Prompt {
  readonly index: number;
  /** What the answer repeats of it. */
  readonly echo: string;
  readonly begin: () => AsyncGenerator<EnginePiece, Answered, undefined>;
}

/** A field that is a text or token ids, or several, as several. */
export const inputsOf = (
  given: string | readonly string[] | readonly number[] | readonly (readonly number[])[],
): readonly (string | readonly number[])[] =>
  typeof given === "string" || typeof given[0] === "number"
    ? [given as string | readonly number[]]
    : (given as readonly string[]);
