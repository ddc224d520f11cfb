/** A kind of failure: its key, words that it has, and what to do. */
export type FailureKind = readonly [key: string, pattern: RegExp, todo: string];

/** What pages say of models of their kind. */
interface ModelWords {
  /** That a model is none of the page's kind. */
  readonly other: FailureKind;
  /** What the page's models are, such as "an encoder". */
  readonly what: string;
  /** With what there is more memory. */
  readonly less: string;
  /** True where the model is the reader's own files, which no hub knows and nothing downloads. */
  readonly ofFiles: boolean;
}

/** What a failure of a model's plan or load is about, the first whose words it has counting. */
export const ofModel = ({ other, what, less, ofFiles }: ModelWords): readonly FailureKind[] => [
  [
    "out-of-memory",
    /out of memory|could not be allocated|allocation/i,
    `Take a smaller model or ${less}, or close other pages that use the GPU.`,
  ],
  ...(ofFiles ? ownFiles(what) : fetched(what)),
  other,
];

const ownFiles = (what: string): readonly FailureKind[] => [
  [
    "not-found",
    /no such file|there is no/i,
    `Take the whole folder of ${what}: config.json, tokenizer and safetensors.`,
  ],
];

const fetched = (what: string): readonly FailureKind[] => [
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
];
