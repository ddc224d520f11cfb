import type { TrainingStep } from "../../../src/train/trainer/results.ts";
import type { Example } from "../tasks/task.ts";
import type { WordLook } from "../tasks/vectors/look.ts";
import type { KindUse } from "./expert-use.ts";

/** An example that is held out, and what the model says to it. */
export interface Sample extends Example {
  /** Decoded freely, as many characters as the answer has. */
  readonly given: string;
}

/** What was seen when the model was looked at. */
export interface Look {
  /** Steps before it. */
  readonly step: number;
  /** The mean loss of examples that are held out, of what the loss counts. */
  readonly loss: number;
  /** The share of these whose whole answer is right, or of characters that are predicted rightly. */
  readonly accuracy: number;
  readonly samples: readonly Sample[];
  /** Of a mixture: the experts that tokens of what is held out chose, for each division into kinds. */
  readonly use?: readonly KindUse[] | undefined;
  /** Of word vectors: where related words are, and which are near. */
  readonly words?: WordLook | undefined;
  /** Norms of the gradients of the parts of the model; not of a look after which there was no step yet. */
  readonly norms?: readonly number[] | undefined;
  /** How far the step after it moved the weights of the parts: the norm of the change over that of the weights. */
  readonly ratios?: readonly number[] | undefined;
}

/** Whose attention: a decoder's to what is before, an encoder's, or a decoder's over the source. */
export type AttentionOf = "decoder" | "encoder" | "source";

/** Attention of the first sample, its prompt and what the model said: weights `[layers, heads, rows, columns]`. */
export interface Attention {
  readonly step: number;
  /** A decoder's own where it is not said. */
  readonly of?: AttentionOf | undefined;
  /** What attends: a row each. */
  readonly tokens: readonly string[];
  /** What it attends to, where that is something else. */
  readonly columns?: readonly string[] | undefined;
  readonly weights: Float32Array<ArrayBuffer>;
}

/** What a run has been so far. */
export interface History {
  readonly steps: readonly TrainingStep[];
  readonly looks: readonly Look[];
  readonly attention: readonly Attention[];
  /** Seconds of training. */
  readonly seconds: number;
}

export const noHistory: History = { steps: [], looks: [], attention: [], seconds: 0 };

/** Most steps whose attention is kept, and most numbers; then every second one is dropped, but for the first. */
const [mostKept, mostNumbers] = [40, 1e6];

/** Adds the attention of a step. */
export function withAttention(kept: readonly Attention[], added: readonly Attention[]): readonly Attention[] {
  const [now] = added;
  if (!now) return kept;
  const others = kept.filter(({ step }) => step !== now.step);
  const steps = [...new Set(others.map(({ step }) => step))];
  const numbers = added.reduce((sum, { weights }) => sum + weights.length, 0);
  const most = Math.max(4, Math.min(mostKept, Math.floor(mostNumbers / numbers)));
  const thin = new Set(steps.length < most ? steps : steps.filter((_, i) => i % 2 === 0));
  return [...others.filter(({ step }) => thin.has(step)), ...added];
}

/** Adds a look, in place of one at the same step: it may say more. */
export const withLook = (kept: readonly Look[], one: Look): readonly Look[] => [
  ...kept.filter(({ step }) => step !== one.step),
  one,
];

/** The share of right answers at which the page stops by itself. */
export const learnt = 0.995;
