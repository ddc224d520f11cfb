import { TextError } from "../text-error.ts";

/**
 * A limit on the steps of one call. A step is about the work for one character: a test of a pattern, a character read
 * or written. External input, such as a tokenizer's patterns, runs under such a limit, so that it always ends.
 */
export interface StepLimit {
  /**
   * Remaining steps: code that counts many at once may subtract them here, and calls `take(0)` when they are used up.
   */
  left: number;
  /** What is running, for the error: file and field. */
  field: string;
  /** Restarts for an input of `length` characters. */
  begin(length: number): void;
  /** Counts steps. Throws a TextError that names `field` when the limit is exceeded. */
  take(steps: number): void;
}

/** Steps per input character, several times what the slowest real tokenizer takes. */
const perCharacter = 150;
/** Steps for any input, regardless of length. */
const forAny = 10_000_000;

/** A limit that counts for `field` until it is changed: 150 steps for each character of the input, and `base`. */
export function makeStepLimit(field: string, base = forAny): StepLimit {
  let characters = 0;
  const limit: StepLimit = {
    left: base,
    field,
    begin(length) {
      characters = length;
      limit.left = base + perCharacter * length;
    },
    take(steps) {
      limit.left -= steps;
      if (limit.left >= 0) return;
      const most = (base + perCharacter * characters).toLocaleString("en");
      throw new TextError(`${limit.field} takes more than ${most} steps for an input of ${characters} characters`);
    },
  };
  return limit;
}
