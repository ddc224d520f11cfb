import { integer, only, readFields } from "../../formats/json/fields.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { mul } from "../../kernels/elementwise/elementwise.ts";
import { gather } from "../../kernels/embedding/gather.ts";
import { concat } from "../../kernels/layout/concat.ts";
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

/**
 * The products of each word's vector with its neighbour's, first, and with those of the negative samples: `[n, 1 + k]`.
 */
export function pairScores(model: SkipGram, { ids, near, negatives }: Drawn): Tensor {
  const { gpu, output } = model;
  const v = vectorsOf(model, ids);
  const u = gather(gpu, { ids: near, table: output }).y;
  const others = gather(gpu, { ids: negatives, table: output }).y;
  const first = sum(gpu, { x: mul(gpu, { a: v, b: u }).y }, { axis: 1 }).y;
  return concat(gpu, [reshape(first, [ids.size, 1]), matmul(gpu, { x: v, weight: others }).y], 1);
}
