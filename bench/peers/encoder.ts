// The encoder with which engines embed texts: random weights in the shape of all-MiniLM-L6-v2.
import { normal, randomSource } from "../../src/check/random.ts";
import type { Work } from "../harness/speed.ts";
import type { EncoderProblem } from "./problems.ts";

/** Its sizes (Wang et al. 2020), except for the vocabulary: a table of which rows are only looked up. */
export const miniLm = {
  vocabulary: 2048,
  width: 384,
  layers: 6,
  heads: 12,
  hidden: 1536,
  positions: 512,
  types: 2,
  eps: 1e-12,
} as const;

/** Ids of the tokens that enclose a text, and of the first word. */
export const tokenIds = { pad: 0, unknown: 1, begin: 2, end: 3, firstWord: 4 } as const;

type Values = Float32Array<ArrayBuffer>;

/** A tensor of the checkpoint. */
export interface EncoderTensor {
  readonly shape: readonly number[];
  readonly values: Values;
}

let made: Readonly<Record<string, EncoderTensor>> | undefined;

/** The weights by their names in a BERT checkpoint, made once: every engine and the check use them. */
export function encoderTensors(): Readonly<Record<string, EncoderTensor>> {
  made ??= makeTensors();
  return made;
}

function makeTensors(): Record<string, EncoderTensor> {
  const { vocabulary, width, layers, hidden, positions, types } = miniLm;
  const tensors: Record<string, EncoderTensor> = {};
  let seed = 1;
  const random = (name: string, shape: readonly number[], scale: number, mean = 0) => {
    const size = shape.reduce((product, length) => product * length, 1);
    tensors[name] = { shape, values: Float32Array.from(normal(size, seed++, scale, mean)) };
  };
  const linear = (name: string, outputs: number, inputs: number) => {
    random(`${name}.weight`, [outputs, inputs], 1 / Math.sqrt(inputs));
    random(`${name}.bias`, [outputs], 0.1);
  };
  const norm = (name: string) => {
    random(`${name}.weight`, [width], 0.1, 1);
    random(`${name}.bias`, [width], 0.1);
  };
  random("embeddings.word_embeddings.weight", [vocabulary, width], 1);
  random("embeddings.position_embeddings.weight", [positions, width], 0.5);
  random("embeddings.token_type_embeddings.weight", [types, width], 0.5);
  norm("embeddings.LayerNorm");
  for (let layer = 0; layer < layers; layer++) {
    const at = `encoder.layer.${layer}`;
    for (const part of ["query", "key", "value"]) linear(`${at}.attention.self.${part}`, width, width);
    linear(`${at}.attention.output.dense`, width, width);
    norm(`${at}.attention.output.LayerNorm`);
    linear(`${at}.intermediate.dense`, hidden, width);
    linear(`${at}.output.dense`, width, hidden);
    norm(`${at}.output.LayerNorm`);
  }
  return tensors;
}

/** A tensor of the checkpoint. Throws for an unknown name. */
export function encoderTensor(name: string): EncoderTensor {
  const tensor = encoderTensors()[name];
  if (!tensor) throw new RangeError(`the encoder has no tensor ${name}`);
  return tensor;
}

/** The tokens of each text, random words between the tokens that enclose them; the same in every run. */
export function encoderTexts({ lengths }: EncoderProblem): readonly (readonly number[])[] {
  const random = randomSource(99);
  const words = miniLm.vocabulary - tokenIds.firstWord;
  const word = () => tokenIds.firstWord + random.integer(words);
  return lengths.map((length) => [tokenIds.begin, ...Array.from({ length: length - 2 }, word), tokenIds.end]);
}

/** A batch whose texts are padded to the length of the longest. */
export interface PaddedBatch {
  readonly texts: number;
  readonly tokens: number;
  /** `[texts, tokens]` */
  readonly ids: Int32Array<ArrayBuffer>;
  /** The number added to each key's scores `[texts, tokens]`: 0, and for padding one low enough to hide it. */
  readonly masked: Values;
  /** Each token's weight in its text's vector `[texts, tokens]`. */
  readonly shares: Values;
  /** True if all texts have the same length, so that nothing is padded. */
  readonly even: boolean;
}

/** The texts for engines that do not pack. */
export function paddedBatch(problem: EncoderProblem): PaddedBatch {
  const all = encoderTexts(problem);
  const tokens = Math.max(...problem.lengths);
  const size = all.length * tokens;
  const ids = new Int32Array(size).fill(tokenIds.pad);
  const masked = new Float32Array(size).fill(-1e9);
  const shares = new Float32Array(size);
  for (const [row, text] of all.entries()) {
    ids.set(text, row * tokens);
    masked.fill(0, row * tokens, row * tokens + text.length);
    shares.fill(1 / text.length, row * tokens, row * tokens + text.length);
  }
  return { texts: all.length, tokens, ids, masked, shares, even: all.every(({ length }) => length === tokens) };
}

/** Operations and bytes of the texts' own tokens: products and attention, and weights and states moved once. */
export function encoderWork({ lengths }: EncoderProblem): Work {
  const { width, layers, hidden } = miniLm;
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const pairs = lengths.reduce((sum, length) => sum + length ** 2, 0);
  const weights = layers * (4 * width * width + 2 * width * hidden);
  return {
    flops: 2 * tokens * weights + 4 * pairs * width * layers,
    bytes: 4 * (weights + 2 * layers * tokens * width),
    dtype: "f32",
  };
}
