// Separate from the patterns, so that code that only uses them loads no engine.
import type { StepLimit } from "./step-limit.ts";

/** A regular expression whose matches are found within a limit of steps. */
export interface Pattern {
  /**
   * Calls `found` with begin and end of each match in order, as `text.matchAll` with the flags `gu` would. Finds those
   * that begin at `from` or later and before `until`; returns where to continue.
   */
  each(
    text: string,
    limit: StepLimit,
    found: (begin: number, end: number) => void,
    from?: number,
    until?: number,
  ): number;
}

/** The text with each match of the pattern replaced. */
export function replaceMatches(text: string, pattern: Pattern, content: string, limit: StepLimit): string {
  let replaced = "";
  let from = 0;
  pattern.each(text, limit, (begin, end) => {
    limit.take(content.length);
    replaced += text.slice(from, begin) + content;
    from = end;
  });
  return replaced + text.slice(from);
}
