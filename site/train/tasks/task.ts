/** What a model is to say, and after what. Each character is a token. */
export interface Example {
  readonly prompt: string;
  readonly answer: string;
  /** Whose words they are, where a task has several voices. */
  readonly voice?: string;
}

/** Kinds of models that learn tasks: what follows, what answers a source, what is masked or a label, what is near a word. */
export const architectureNames = [
  ...(["gpt2", "llama", "mixtral"] as const),
  ...(["transformer-2017", "gru", "gru-attention"] as const),
  ...(["bert", "bag-of-words", "mean-of-word-vectors", "skip-gram"] as const),
] as const;
export type Architecture = (typeof architectureNames)[number];

/** Those that say what follows; tasks offer them unless they name others. */
export const decoders = ["gpt2", "llama", "mixtral"] as const satisfies readonly Architecture[];

/** Pairs of words, a character each, whose first one is to the second the same in each. */
export interface Relation {
  readonly name: string;
  readonly pairs: readonly (readonly [first: string, second: string])[];
}

/** A division of a task's tokens, to see which experts each kind of them uses. */
export interface Kinds {
  /** What a kind is: `voice`. */
  readonly by: string;
  readonly names: readonly string[];
  /** The index of the kind that the character of an example has at a position. */
  readonly of: (example: Example, position: number) => number;
}

/** Numbers from 0 to below 1, the same from the same seed. */
export type Random = () => number;

/** Examples of a task, for one length. A character is a token. */
export interface Examples {
  /** The characters that occur, in the order of their token ids. */
  readonly alphabet: string;
  /** Characters that stand for tokens of several, with what those are: words, or marks that name a voice. */
  readonly words?: ReadonlyMap<string, string>;
  /** Characters of prompts and of answers; of the longest ones where there is an `end`. */
  readonly promptLength: number;
  readonly answerLength: number;
  /** The character that ends each answer, where prompts or answers are not all as long. */
  readonly end?: string;
  /** Characters of which each answer is one, for models that choose a label of a whole prompt; in the order of the labels. */
  readonly labels?: string;
  /** Of a task on word vectors, whose prompt is a word and whose answer one near it: analogies of these are scored. */
  readonly relations?: readonly Relation[];
  /** True where the loss counts what follows within prompts too. */
  readonly wholeLoss: boolean;
  /** `exact`: an answer counts where all of it is right, decoded freely. `next`: each character that was predicted counts. */
  readonly scored: "exact" | "next";
  /** Prompts and answers, or single characters of them, as a person reads them. */
  readonly readable: (text: string) => string;
  /** Ways in which its tokens are divided into kinds, where the task has its own; the first one is shown first. */
  readonly kinds?: readonly Kinds[];
  /** How many examples are shown, where that is not as usual. */
  readonly shown?: number;
  /**
   * Answers that are worth comparing with, of one that knows no order: `words` counts those of a prompt whose label is asked
   * for, `neighbours` looks at what stands on both sides of what is masked.
   */
  readonly guess?: "words" | "neighbours";
  /** One to train on; never one that is held out. */
  readonly draw: (random: Random) => Example;
  /** Held out: at most as many as asked for, always the same. */
  readonly heldOut: (most: number) => readonly Example[];
}

/** Settings in which a task differs from the standard ones. */
export interface TaskSettings {
  readonly architecture?: Architecture;
  readonly layers?: number;
  readonly heads?: number;
  readonly headWidth?: number;
  /** Of models without heads. */
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

/** Settings to try instead, and what is seen then. */
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
  /** What is asked, of what the answer is made, and what is to be seen. */
  readonly says: string;
  /** What the length counts, and which there are. */
  readonly length: { readonly label: string; readonly range: readonly [number, number]; readonly standard: number };
  readonly standard: TaskSettings;
  /** What the right ones are a share of, where that is not whole answers: `the characters`. */
  readonly counted?: string;
  /** Kinds of models that may learn it, the first by itself; unset: {@link decoders}. A model of masks has an empty prompt. */
  readonly architectures?: readonly Architecture[];
  /** Settings in which kinds of models differ from these. */
  readonly standardOf?: Readonly<Partial<Record<Architecture, Omit<TaskSettings, "architecture">>>>;
  readonly variations?: readonly Variation[];
  /** Throws for a text that is too short. `base` has the tokens of the model that is trained on. */
  readonly examples: (length: number, text: string, base?: BaseTokens) => Examples;
  /** Of a task on texts: the text where the reader gives none, what that is, and what is asked for. */
  readonly text?: { readonly standard: string; readonly whose: string; readonly asks: string };
  /** True where the bundled model is trained on, by an adapter; else a new one is made. */
  readonly adapts?: true;
}

/** The tokens of a model that was trained before. */
export interface BaseTokens {
  readonly vocabulary: number;
  readonly encode: (text: string) => readonly number[];
  readonly decode: (ids: readonly number[]) => string;
}
