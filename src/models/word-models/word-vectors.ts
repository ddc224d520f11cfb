import { integer, only, readFields } from "../../formats/json/fields.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { mul } from "../../kernels/elementwise/elementwise.ts";
import { gather } from "../../kernels/embedding/gather.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { sum } from "../../kernels/reduce/reduce.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import type { NamedShapes } from "../weights/named-weights.ts";

/** The settings of word vectors. */
export interface WordVectorsConfig {
  /** Words. */
  readonly vocabulary: number;
  /** Width of a vector, d. */
  readonly width: number;
}

/**
 * Reads a parsed config.json of `model_type` `skip-gram`: `vocab_size` and `vector_size`.
 *
 * @throws FormatError for a field that is missing or invalid.
 */
export function readWordVectorsConfig(file: string, parsed: unknown): WordVectorsConfig {
  const fields = { model_type: only("skip-gram"), vocab_size: integer(), vector_size: integer() };
  const { vocab_size, vector_size } = readFields(file, parsed).read(fields);
  return { vocabulary: vocab_size, width: vector_size };
}

/** The tensors of word vectors: input vectors, and output vectors. */
export const wordVectorsShapes = ({ vocabulary, width }: WordVectorsConfig): NamedShapes => ({
  "input.weight": [vocabulary, width],
  "output.weight": [vocabulary, width],
});

/** The share of a word's output vector that is added to its input vector. */
const outputShare = 0.2;

/**
 * The vectors by which words are compared, as in both tensors' rows: input vectors, plus a fifth of output vectors. Input
 * vectors are near each other for words with the same neighbours, an output vector is near the input vectors of words that
 * it is a neighbour of: with both, words that stand in one sentence come nearer, too (Pennington et al. 2014, section 4.2;
 * Levy, Goldberg and Dagan 2015, section 3.3, who add them in full).
 */
export const vectorsToKeep = (input: ArrayLike<number>, output: ArrayLike<number>): Float32Array =>
  Float32Array.from(input, (value, i) => value + outputShare * (output[i] ?? 0));

/** Word vectors on a device (Mikolov et al. 2013): two per word. */
export interface SkipGram {
  readonly gpu: Gpu;
  /** Input vectors, of words that predict their neighbours, `[v, d]`: the vectors to keep. */
  readonly input: Tensor;
  /** Output vectors, of predicted words, `[v, d]`. */
  readonly output: Tensor;
}

/** The input vectors of words u32 `[n]`: `[n, d]`. */
export const vectorsOf = ({ gpu, input }: SkipGram, ids: Tensor): Tensor => gather(gpu, { ids, table: input }).y;

/** Logits of each word being a neighbour of words u32 `[n]`: `[n, v]`. */
export const wordLogits = (model: SkipGram, ids: Tensor): Tensor =>
  matmul(model.gpu, { x: vectorsOf(model, ids), weight: model.output }).y;

/** Words, a neighbour of each, and negative samples. */
interface Drawn {
  /** u32 `[n]` */
  readonly ids: Tensor;
  /** u32 `[n]` */
  readonly near: Tensor;
  /** u32 `[k]`, the same for all. */
  readonly negatives: Tensor;
}

/** Products of pairs. */
interface PairScores {
  /** Of each word's vector with its neighbour's, `[n, 1]`. */
  readonly near: Tensor;
  /** Of each word's vector with those of the negative samples, `[n, k]`. */
  readonly drawn: Tensor;
}

/** The products of words' input vectors with output vectors of their neighbours and of the negative samples. */
export function pairScores(model: SkipGram, { ids, near, negatives }: Drawn): PairScores {
  const { gpu, output } = model;
  const v = vectorsOf(model, ids);
  const u = gather(gpu, { ids: near, table: output }).y;
  const others = gather(gpu, { ids: negatives, table: output }).y;
  const products = sum(gpu, { x: mul(gpu, { a: v, b: u }).y }, { axis: 1 }).y;
  return { near: reshape(products, [ids.size, 1]), drawn: matmul(gpu, { x: v, weight: others }).y };
}
