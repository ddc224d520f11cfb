/** A kind of failure: its key, words that it has, and what to do. */
export type FailureKind = readonly [key: string, pattern: RegExp, todo: string];

/**
 * What a failure of a model's plan or load is about, the first whose words it has counting; last that it is no model of the
 * page's kind, which is `what`. With `less` there is more memory.
 */
export const ofModel = (other: FailureKind, what: string, less: string): readonly FailureKind[] => [
  [
    "out-of-memory",
    /out of memory|could not be allocated|allocation/i,
    `Take a smaller model or ${less}, or close other pages that use the GPU.`,
  ],
  [
    "unauthorised",
    /\b40[13]\b/,
    "The repository is private or gated, or its name is misspelt: check it, or give an access token of the hub.",
  ],
  ["not-found", /\b404\b|no such file|there is no/i, `Check the name: it has to be a folder of ${what}.`],
  [
    "offline",
    /fetch|network|connection|ended early|timed? ?out/i,
    "Check the connection and try again: what was downloaded is kept.",
  ],
  other,
];
