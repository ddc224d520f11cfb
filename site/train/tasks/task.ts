/** A prompt and its answer. Each character is a token. */
export interface Example {
  readonly prompt: string;
  readonly answer: string;
  /** The voice, if a task has several. */
  readonly voice?: string;
}

/** Kinds of models: predicting the next token, answering a source, filling masks or choosing labels, word vectors. */
export const architectureNames = [
  ...(["gpt2", "llama", "mixtral"] as const),
  ...(["transformer-2017", "gru", "gru-attention"] as const),
  ...(["bert", "bag-of-words", "mean-of-word-vectors", "skip-gram"] as const),
] as const;
export type Architecture = (typeof architectureNames)[number];

/** Decoders; tasks offer them unless they name others. */
export const decoders = ["gpt2", "llama", "mixtral"] as const satisfies readonly Architecture[];

/** Pairs of words, a character each, with the same relation in each pair. */
export interface Relation {
  readonly name: string;
  readonly pairs: readonly (readonly [first: string, second: string])[];
}

/** A division of a task's tokens into kinds, to see which experts each uses. */
export interface Kinds {
  /** The name of a kind, such as `voice`. */
  readonly by: string;
  readonly names: readonly string[];
  /** The index of the kind of an example's character at a position. */
  readonly of: (example: Example, position: number) => number;
}

/** Numbers in [0, 1), the same from the same seed. */
export type Random = () => number;

/** Examples of a task, for one length. A character is a token. */
export interface Examples {
  /** The characters that occur, in the order of their token ids. */
  readonly alphabet: string;
  /** Characters that represent longer tokens, with these: words, or marks that name a voice. */
  readonly words?: ReadonlyMap<string, string>;
  /** Characters of prompts and of answers; of the longest ones if there is an `end`. */
  readonly promptLength: number;
  readonly answerLength: number;
  /** The character that ends each answer, if prompts or answers vary in length. */
  readonly end?: string;
  /** Characters of which each answer is one, for models that classify a whole prompt; in the order of the labels. */
  readonly labels?: string;
  /** For a task on word vectors, whose prompt is a word and whose answer a neighbour: analogies of these are scored. */
  readonly relations?: readonly Relation[];
  /** True if the loss also counts tokens of prompts. */
  readonly wholeLoss: boolean;
  /** `exact`: an answer counts if all of it is right, decoded freely. `next`: each predicted character counts. */
  readonly scored: "exact" | "next";
  /** Prompts and answers, or single characters of them, in readable form. */
  readonly readable: (text: string) => string;
  /** The task's own divisions of tokens into kinds; the first one is shown first. */
  readonly kinds?: readonly Kinds[];
  /** How many examples are shown, if not the usual number. */
  readonly shown?: number;
  /**
   * A baseline without word order: `words` counts the words of a prompt to classify, `neighbours` uses those on both
   * sides of a mask.
   */
  readonly guess?: "words" | "neighbours";
  /** A training example; never a held-out one. */
  readonly draw: (random: Random) => Example;
  /** Held-out examples: at most so many, always the same. */
  readonly heldOut: (most: number) => readonly Example[];
}

/** The task's settings that differ from the standard. */
export interface TaskSettings {
  readonly architecture?: Architecture;
  readonly layers?: number;
  readonly heads?: number;
  readonly headWidth?: number;
  /** For models without heads. */
  readonly width?: number;
  readonly rank?: number;
  readonly batch?: number;
  readonly steps?: number;
  readonly learningRate?: number;
  readonly weightDecay?: number;
  readonly warmup?: number;
  readonly every?: number;
  readonly schedule?: "cosine";
  readonly experts?: number;
  readonly routerLoss?: number;
}

/** Settings to try instead, and the outcome. */
export interface Variation {
  readonly title: string;
  readonly says: string;
  readonly settings: TaskSettings & { readonly length?: number };
}

/** Kinds of tasks, in their order on the page. */
export const taskGroups = ["Symbols", "Numbers", "Sentences", "Texts"] as const;
export type TaskGroup = (typeof taskGroups)[number];

/** Something for a small model to learn. */
export interface Task {
  readonly name: string;
  readonly title: string;
  readonly group: TaskGroup;
  /** The question, the form of the answer, and what to observe. */
  readonly says: string;
  /** What the length counts, and its range. */
  readonly length: { readonly label: string; readonly range: readonly [number, number]; readonly standard: number };
  readonly standard: TaskSettings;
  /** What accuracy counts, if not whole answers: `the characters`. */
  readonly counted?: string;
  /** Kinds of models for the task, the default first; unset: {@link decoders}. A model of masks has an empty prompt. */
  readonly architectures?: readonly Architecture[];
  /** Settings of certain kinds of models that differ from these. */
  readonly standardOf?: Readonly<Partial<Record<Architecture, Omit<TaskSettings, "architecture">>>>;
  readonly variations?: readonly Variation[];
  /** Throws for a text that is too short. `base` has the tokens of the base model. */
  readonly examples: (length: number, text: string, base?: BaseTokens) => Examples;
  /** For a task on texts: the default text, its description, and the request for the reader's own. */
  readonly text?: { readonly standard: string; readonly whose: string; readonly asks: string };
  /** True: trains an adapter of the bundled model; otherwise a new model. */
  readonly adapts?: true;
}

/** The tokens of a pretrained model. */
export interface BaseTokens {
  readonly vocabulary: number;
  readonly encode: (text: string) => readonly number[];
  readonly decode: (ids: readonly number[]) => string;
}
