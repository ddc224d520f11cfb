// What goes to a thread that grades, and what comes back.
import type { Verdict } from "../../../src/study/puzzles/grader/grade.ts";

/** A text that is to be graded. */
export interface Attempt {
  /** The name of its kernel. */
  readonly puzzle: string;
  readonly text: string;
}

/** What becomes of an attempt: a verdict, or why it could not be graded. */
export type Graded = Verdict | { readonly failure: string };
