import type { TrainingStep } from "../../../src/train/trainer/results.ts";
import type { Example } from "../tasks/task.ts";
import type { WordLook } from "../tasks/vectors/look.ts";
import type { KindUse } from "./expert-use.ts";

/** A held-out example, and the model's answer. */
export interface Sample extends Example {
  /** Decoded freely, as many characters as the answer has. */
  readonly given: string;
}

/** The result of an evaluation of the model. */
export interface Look {
  /** Steps before it. */
  readonly step: number;
  /** The mean loss on held-out examples, over what the loss counts. */
  readonly loss: number;
  /** The share of these with a completely right answer, or of rightly predicted characters. */
  readonly accuracy: number;
  readonly samples: readonly Sample[];
  /** For a mixture: the experts chosen by held-out tokens, for each division into kinds. */
  readonly use?: readonly KindUse[] | undefined;
  /** For word vectors: the positions of related words, and neighbours. */
  readonly words?: WordLook | undefined;
  /** Norms of the gradients of the model's parts; absent before a following step. */
  readonly norms?: readonly number[] | undefined;
  /** How far the step after it moved the weights of the parts: the norm of the change over that of the weights. */
  readonly ratios?: readonly number[] | undefined;
}

/** Whose attention: a decoder's self-attention, an encoder's, or cross-attention. */
export type AttentionOf = "decoder" | "encoder" | "source";

/** Attention of the first sample, its prompt and what the model said: weights `[layers, heads, rows, columns]`. */
export interface Attention {
  readonly step: number;
  /** Default: a decoder's self-attention. */
  readonly of?: AttentionOf | undefined;
  /** The attending tokens, one row each. */
  readonly tokens: readonly string[];
  /** The attended tokens, if different. */
  readonly columns?: readonly string[] | undefined;
  readonly weights: Float32Array<ArrayBuffer>;
}

/** The history of a run. */
export interface History {
  readonly steps: readonly TrainingStep[];
  readonly looks: readonly Look[];
  readonly attention: readonly Attention[];
  /** Seconds of training. */
  readonly seconds: number;
}

export const noHistory: History = { steps: [], looks: [], attention: [], seconds: 0 };

/** Maximum steps whose attention is kept, and maximum numbers; beyond, every second one but the first is dropped. */
const [maxKept, maxNumbers] = [40, 1e6];

/** Adds the attention of a step. */
export function withAttention(kept: readonly Attention[], added: readonly Attention[]): readonly Attention[] {
  const [now] = added;
  if (!now) return kept;
  const others = kept.filter(({ step }) => step !== now.step);
  const steps = [...new Set(others.map(({ step }) => step))];
  const numbers = added.reduce((sum, { weights }) => sum + weights.length, 0);
  const most = Math.max(4, Math.min(maxKept, Math.floor(maxNumbers / numbers)));
  const thin = new Set(steps.length < most ? steps : steps.filter((_, i) => i % 2 === 0));
  return [...others.filter(({ step }) => thin.has(step)), ...added];
}

/** Adds an evaluation, replacing one at the same step, which may have less. */
export const withLook = (kept: readonly Look[], one: Look): readonly Look[] => [
  ...kept.filter(({ step }) => step !== one.step),
  one,
];

/** The accuracy at which the page stops by itself. */
export const learnt = 0.995;
