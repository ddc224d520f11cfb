import { TextError } from "./text-error.ts";

/**
 * The steps that one call may take. A step is about the work for one character: a test of a pattern, a character read
 * or written. What comes from outside, such as a tokenizer's patterns, runs under such a limit, so that it always ends.
 */
export interface StepLimit {
  /** Steps that are left: code that counts many at once may take them from here, and calls `take(0)` when they are up. */
  left: number;
  /** What runs at the moment, for the error: file and field. */
  field: string;
  /** Begins anew, for an input of `length` characters. */
  begin(length: number): void;
  /** Counts steps. Throws a TextError that names `field` where the limit is passed. */
  take(steps: number): void;
}

/** Steps for each character of the input, several times what the most laborious tokenizer in use takes. */
const perCharacter = 150;
/** Steps for any input, however short. */
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
