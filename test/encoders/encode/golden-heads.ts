import { readFileSync } from "node:fs";
import { encoderFolder } from "./golden-encoders.ts";

/** Logits of the labels of a text or a pair, and the scores that they make. */
export interface ClassesGolden {
  readonly texts: readonly [string] | readonly [string, string];
  readonly logits: readonly number[];
  readonly softmax: readonly number[];
  readonly sigmoid: readonly number[];
  /** Of a head with the first label only. */
  readonly alone: readonly [number];
}

/** What `test/golden/heads.py` found in float64. */
export interface HeadsGolden {
  readonly masked: {
    readonly text: string;
    readonly masks: readonly (readonly { id: number; probability: number }[])[];
    readonly logits: readonly (readonly number[])[];
  };
  /** Of a text, and of a pair. */
  readonly classes: readonly [ClassesGolden, ClassesGolden];
  readonly tokens: {
    readonly text: string;
    readonly tokens: readonly { start: number; end: number; label: number; score: number }[];
  };
  readonly zeroShot: {
    readonly text: string;
    readonly labels: readonly string[];
    readonly template: string;
    readonly exclusive: readonly number[];
    readonly independent: readonly number[];
  };
  readonly sparse: { readonly text: string; readonly weights: readonly number[] };
  readonly answers: {
    readonly question: string;
    readonly found: readonly {
      readonly context: string;
      readonly maxTokens: number;
      readonly nullAnswer: boolean;
      readonly windows: number;
      readonly answer: { answer: string; start: number; end: number; score: number };
    }[];
  };
  readonly next?: readonly [number, number];
}

export const headsGolden = (name: string) =>
  JSON.parse(readFileSync(`${encoderFolder(name)}/heads.json`, "utf8")) as HeadsGolden;

/** The labels of the golden folders' classifiers. */
export const labelNames = ["rain", "sun", "snow", "wind", "fog"];

/** The logarithms of the probabilities that logits stand for. */
export function logSoftmax(logits: readonly number[]): number[] {
  const sum = Math.log(logits.reduce((total, logit) => total + Math.exp(logit), 0));
  return logits.map((logit) => logit - sum);
}
