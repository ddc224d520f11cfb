/**
 * The prompts, used in turn: each begins with another voice than the one before, so that no cache holds its beginning.
 */
export const prompts = [
  "<|scripture|>And it came to pass in those days,",
  "<|whale|>The captain stood upon the deck",
  "<|union|>To the Senate and House of Representatives:",
  "<|jargon|>hacker: n.",
] as const;
