import type { Gpu } from "shaderformer";
import {
  decodeGreedy,
  freshRecurrent,
  openRecurrent,
  type PairBatch,
  type TrainableRecurrent,
} from "shaderformer/words";
import { pick, randomOf, shareOf, train } from "../training.ts";

// The task of both models of 2014: read a word of random letters to its end, then write it down.

const letters = [..."abcdefgh"];
const [start, ignored] = [letters.length, -100];

const drawn = (random: () => number, length: number) => Array.from({ length }, () => pick(random, [...letters.keys()]));

/** Tokens as letters. */
export const spelt = (ids: readonly number[]): string[] => ids.map((id) => letters[id] ?? "?");

/** The tokens of a reader's word. */
export function idsOf(text: string, longest: number): number[] {
  const word = [...text.trim().toLowerCase()];
  const unknown = word.find((letter) => !letters.includes(letter));
  if (unknown !== undefined) {
    throw new RangeError(`“${unknown}” is not a letter of this model: choose from ${letters.join(", ")}`);
  }
  if (word.length > longest) {
    throw new RangeError(`“${word.join("")}” has ${word.length} letters, expected at most ${longest}, as in training`);
  }
  return word.map((letter) => letters.indexOf(letter));
}

export interface Learning {
  readonly attention: "none" | "dot";
  /** Letters of the longest words. */
  readonly longest: number;
  /** Numbers of the state. */
  readonly width: number;
  readonly steps: number;
  readonly rate: number;
  readonly seed: number;
}

/** A new model: a GRU that reads and a GRU that writes (Cho et al. 2014), with attention (Luong et al. 2015) or without. */
export function openCopier(gpu: Gpu, { attention, width, seed }: Learning): Promise<TrainableRecurrent> {
  const sizes = { vocab_size: letters.length + 1, embedding_size: width, hidden_size: width };
  const config = { model_type: "gru-encoder-decoder", ...sizes, attention, decoder_start_token_id: start };
  return openRecurrent(gpu, freshRecurrent(config, { seed }));
}

/** Trains on words of 1 to `longest` letters, drawn anew for each step. */
export function learn(model: TrainableRecurrent, { longest, steps, rate, seed }: Learning) {
  const random = randomOf(seed);
  const padded = (ids: readonly number[], filler: number) =>
    Array.from({ length: longest }, (_, i) => ids[i] ?? filler);
  const draw = (): PairBatch => {
    // One word has all letters, so that all batches have one shape, and one recorded program.
    const words = Array.from({ length: 16 }, (_, row) =>
      drawn(random, row === 0 ? longest : 1 + Math.floor(random() * longest)),
    );
    return {
      sources: words,
      ids: words.map((word) => padded([start, ...word.slice(0, -1)], start)), // each letter follows those before it
      targets: words.map((word) => padded(word, ignored)),
    };
  };
  const schedule = { name: "cosine", learningRate: rate, warmup: 10, steps } as const;
  return train(model, draw, { steps, every: Math.ceil(steps / 12), schedule, clip: 1 });
}

/** The share of new words of a length that are written without a mistake. */
export async function rightAt(model: TrainableRecurrent, length: number, count = 64): Promise<number> {
  const random = randomOf(length + 1_000_003);
  const words = Array.from({ length: count }, () => drawn(random, length));
  const { ids } = await decodeGreedy(model, words, { maxTokens: length });
  return shareOf(words, (word, i) => word.every((letter, at) => letter === ids[i]?.[at]));
}

/** Lengths at which models are compared. */
export const lengthsTo = (longest: number): number[] => [
  ...[1, 2, 3, 4, 6, 8, 12, 16, 24].filter((length) => length < longest),
  longest,
];
