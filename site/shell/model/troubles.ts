/** A kind of failure: its key, words in its message, and what to do. */
export type FailureKind = readonly [key: string, pattern: RegExp, todo: string];

/** Texts for a page's kind of models. */
interface ModelWords {
  /** For a model of another kind. */
  readonly other: FailureKind;
  /** What the page's models are, such as "an encoder". */
  readonly what: string;
  /** What to reduce to save memory. */
  readonly less: string;
  /** True if the model is the reader's own files, which are not downloaded. */
  readonly ofFiles: boolean;
}

/** The kind of a failed plan or load: the first whose words it contains. */
export const ofModel = ({ other, what, less, ofFiles }: ModelWords): readonly FailureKind[] => [
  [
    "out-of-memory",
    /out of memory|could not be allocated|allocation/i,
    `Use a smaller model or ${less}, or close other pages that use the GPU.`,
  ],
  ...(ofFiles ? ownFiles(what) : fetched(what)),
  other,
];

const ownFiles = (what: string): readonly FailureKind[] => [
  [
    "not-found",
    /no such file|there is no/i,
    `Choose the whole folder of ${what}: config.json, tokenizer and safetensors.`,
  ],
];

const fetched = (what: string): readonly FailureKind[] => [
  [
    "unauthorised",
    /\b40[13]\b/,
    "The repository is private or gated, or its name is misspelt: check it, or enter an access token of the hub.",
  ],
  ["not-found", /\b404\b|no such file|there is no/i, `Check the name: it has to be a folder of ${what}.`],
  [
    "offline",
    /fetch|network|connection|ended early|timed? ?out/i,
    "Check the connection and try again: what was downloaded is kept.",
  ],
];
