import { normal } from "../../src/check/random.ts";
import type { BatchGroup } from "../attention/batch.ts";
import { type AttentionCase, attentionCase } from "../attention/case.ts";
import type { Heads } from "../attention/inputs/heads.ts";
import { inputsOf } from "../attention/inputs/inputs.ts";
import { type TrainProblem, trainProblem } from "./train/train-problem.ts";

/** Causal attention of one sequence: a prefill, or one query over a cache. */
export interface AttentionProblem {
  readonly op: "attention";
  /** In the notation of `--cases`. */
  readonly text: string;
  readonly given: AttentionCase;
  readonly group: BatchGroup;
  readonly heads: Heads;
}

/** A matrix product, m × k times k × n. */
export interface MatmulProblem {
  readonly op: "matmul";
  readonly text: string;
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/** The epsilon that norms add to the variance. */
export const rowsEps = 1e-5;

/** The ops over rows, by name. */
export const rowOps = ["softmax", "layer-norm", "rms-norm"] as const;

/** An op over each row of a matrix. */
export interface RowsProblem {
  readonly op: (typeof rowOps)[number];
  readonly text: string;
  readonly rows: number;
  readonly cols: number;
}

/** One block of GPT-2 small: all tokens of a prompt, or the last one with the others in a cache. */
export interface BlockProblem {
  readonly op: "block";
  readonly text: string;
  /** Tokens to compute. */
  readonly t: number;
  /** Tokens to attend to. */
  readonly s: number;
}

/** A greedy text of the bundled model. */
export interface GenerateProblem {
  readonly op: "generate";
  readonly text: string;
  /** Tokens after the prompt. */
  readonly tokens: number;
}

/** The vectors of a batch of texts, by an encoder in the shape of all-MiniLM-L6-v2. */
export interface EncoderProblem {
  readonly op: "encoder";
  readonly text: string;
  /** Tokens of each text, including those that enclose it. */
  readonly lengths: readonly number[];
}

/** Greedy texts of a model in the shape of T5-small, each from its own source. */
export interface SequenceProblem {
  readonly op: "t5";
  readonly text: string;
  /** Number of sources, which are decoded together. */
  readonly count: number;
  /** Tokens generated for each text. */
  readonly tokens: number;
  /** Tokens of each source, including the one that ends it. */
  readonly source: number;
}

/** Problems for engines of arrays, whose results are numbers. */
export type ArrayProblem = AttentionProblem | MatmulProblem | RowsProblem | BlockProblem;

/** The inputs of every engine. */
export type Problem = ArrayProblem | TrainProblem | EncoderProblem | SequenceProblem | GenerateProblem;

/** The default cases. */
export const standardCases: readonly string[] = [
  "q256:8x64",
  "q512:8x64",
  "q1k:8x64",
  "q1s1k:32/8x64",
  "q1s4k:32/8x64",
  "matmul:512x512x512",
  "matmul:1024x1024x1024",
  "matmul:2048x2048x2048",
  "matmul:1x2048x2048",
  "matmul:1x2048x8192",
  "softmax:1024x1024",
  "layer-norm:1024x1024",
  "rms-norm:1024x1024",
  "block:q128",
  "block:q1s128",
  "generate:32",
];

/** Tokens of the longest text, which float64 recomputes for each token. */
const maxTokens = 128;

/** Tokens of the shortest and of the longest text of a mixture. */
const [minMixed, maxMixed] = [8, 128] as const;

/** Lengths with equal ratios: most texts are short. */
const mixedLength = (i: number, texts: number): number =>
  Math.round(minMixed * (maxMixed / minMixed) ** (i / (texts - 1)));

const forms =
  'expected for example "q512:8x64", "q1s4k:32/8x64", "matmul:512x512x512", "softmax:1024x1024", "layer-norm:1024x1024", ' +
  '"rms-norm:1024x1024", "block:q128", "block:q1s128", "encoder:16x16", "encoder:8xmixed", "t5:q33s64", "t5:4q33s64", "train:q256", "train:8x256" or "generate:32"';

/**
 * Parses a case: batch and heads as in `bench attention`, a product's sizes, rows and columns, a block's tokens, a
 * number of texts and the tokens of each, the numbers of tokens of a generated text and of its source, a training step,
 * or the tokens of a text. For attention it accepts only cases for which every peer has an op: one sequence, with as
 * many keys as queries or with one query. Throws a RangeError for anything else.
 */
export function parseProblem(text: string): Problem {
  const [first = "", second = ""] = text.split(":");
  if (first === "matmul") {
    const [, m, k, n] = /^([1-9]\d*)x([1-9]\d*)x([1-9]\d*)$/.exec(second)?.map(Number) ?? [];
    if (!m || !k || !n || Math.max(m, k, n) > 2 ** 16) throw new RangeError(`case is "${text}", ${forms}`);
    return { op: "matmul", text, m, k, n };
  }
  const op = rowOps.find((name) => name === first);
  if (op) {
    const [, rows, cols] = /^([1-9]\d*)x([1-9]\d*)$/.exec(second)?.map(Number) ?? [];
    if (!rows || !cols || Math.max(rows, cols) > 2 ** 16) throw new RangeError(`case is "${text}", ${forms}`);
    return { op, text, rows, cols };
  }
  if (first === "block") {
    const [, t, s] = /^q([1-9]\d*)(?:s([1-9]\d*))?$/.exec(second) ?? [];
    const tokens = Number(t);
    const seen = Number(s ?? t);
    // As in attention: as many keys as queries, or one query; GPT-2 has 1024 positions.
    if (!(seen <= 1024) || (s !== undefined && (tokens !== 1 || seen === 1))) {
      throw new RangeError(`case is "${text}", ${forms}, of at most 1024 tokens`);
    }
    return { op: "block", text, t: tokens, s: seen };
  }
  if (first === "train") return trainProblem(text);
  if (first === "encoder") {
    const [, count, length] = /^([1-9]\d*)x([1-9]\d*|mixed)$/.exec(second) ?? [];
    const [texts, tokens] = [Number(count), length === "mixed" ? maxMixed : Number(length)];
    if (!(texts <= 64 && tokens >= 3 && tokens <= 512 && texts * tokens <= 4096) || (length === "mixed" && texts < 2)) {
      throw new RangeError(`case is "${text}", ${forms}, of at most 64 texts and 4096 tokens`);
    }
    const lengths = Array.from({ length: texts }, (_, i) => (length === "mixed" ? mixedLength(i, texts) : tokens));
    return { op: "encoder", text, lengths };
  }
  if (first === "t5") {
    const [, count = "1", ...lengths] = /^([1-9]\d*)?q([1-9]\d*)s([1-9]\d*)$/.exec(second) ?? [];
    const [texts, tokens = 0, source = 0] = [count, ...lengths].map(Number) as [number, number?, number?];
    if (!(tokens >= 1 && tokens <= maxTokens && source >= 2 && source <= 512 && texts <= 8)) {
      throw new RangeError(
        `case is "${text}", ${forms}, of at most 8 sources of 512 tokens and ${maxTokens} tokens each`,
      );
    }
    return { op: "t5", text, count: texts, tokens, source };
  }
  if (first === "generate") {
    const tokens = /^[1-9]\d*$/.test(second) ? Number(second) : 0;
    if (tokens < 1 || tokens > maxTokens) {
      throw new RangeError(`case is "${text}", ${forms}, of at most ${maxTokens} tokens`);
    }
    return { op: "generate", text, tokens };
  }
  if (second === "") throw new RangeError(`case is "${text}", ${forms}`);
  const given = attentionCase({ batch: first, heads: second, mask: "causal" });
  const [group, ...others] = given.batch.groups;
  if (!group || others.length > 0 || group.count > 1 || (group.t !== group.s && group.t > 1)) {
    throw new RangeError(`case is "${text}": peers take one sequence, with as many keys as queries or with one query`);
  }
  if (given.heads.d !== given.heads.dv) {
    throw new RangeError(`case is "${text}": peers take values as wide as keys`);
  }
  return { op: "attention", text: `${given.batch.text}:${given.heads.text}`, given, group, heads: given.heads };
}

/** The inputs of attention without a cache. */
export interface AttentionInputs {
  /** `[t, h, d]` */
  readonly q: Float32Array<ArrayBuffer>;
  /** `[g, s, d]` */
  readonly k: Float32Array<ArrayBuffer>;
  /** `[g, s, d]` */
  readonly v: Float32Array<ArrayBuffer>;
}

/** A product's inputs. */
export interface MatmulInputs {
  /** `[m, k]` */
  readonly x: Float32Array<ArrayBuffer>;
  /** `[n, k]`: one output per row, as in checkpoints. */
  readonly weight: Float32Array<ArrayBuffer>;
}

/** The values of `bench attention`, the same in every run. */
export function attentionInputs({ group, heads }: AttentionProblem): AttentionInputs {
  const { q, keys, values, capacity } = inputsOf(group, heads);
  const used = (cache: Float32Array<ArrayBuffer>) => {
    const out = new Float32Array(heads.g * group.s * heads.d);
    for (let head = 0; head < heads.g; head++) {
      const first = head * capacity * heads.d;
      out.set(cache.subarray(first, first + group.s * heads.d), head * group.s * heads.d);
    }
    return out;
  };
  return { q, k: used(keys), v: used(values) };
}

/** The values of a product, the same in every run. */
export const matmulInputs = ({ m, k, n }: MatmulProblem): MatmulInputs => ({
  x: Float32Array.from(normal(m * k, 1)),
  weight: Float32Array.from(normal(n * k, 2, 1 / Math.sqrt(k))),
});

/** The values for an op over rows, the same in every run. */
export const rowsInputs = ({ op, rows, cols }: RowsProblem) => ({
  x: Float32Array.from(normal(rows * cols, 1, op === "softmax" ? 4 : 1)),
  /** `[cols]`, for norms */
  weight: Float32Array.from(normal(cols, 2)),
  /** `[cols]`, for layer norms */
  bias: Float32Array.from(normal(cols, 3)),
});

/** `[b, a, width]` from `[a, b, width]`. */
export function swapped(
  values: Float32Array<ArrayBuffer>,
  a: number,
  b: number,
  width: number,
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(values.length);
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) out.set(values.subarray((i * b + j) * width).subarray(0, width), (j * a + i) * width);
  }
  return out;
}
