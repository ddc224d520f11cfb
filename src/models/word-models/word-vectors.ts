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

/** A word and how near it is. */
interface Nearest {
  /** Its row. */
  readonly word: number;
  /** The cosine of its vector and the query's, from −1 to 1. */
  readonly cosine: number;
}

type Vector = ArrayLike<number>;

function dot(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

function normalised(vector: Vector): Float64Array {
  const norm = Math.sqrt(dot(vector, vector));
  return Float64Array.from(vector, (x) => (norm > 0 ? x / norm : 0));
}

/** The rows nearest to a vector by cosine, nearest first, without those excluded. */
function nearestTo(vectors: readonly Vector[], to: Vector, excluded: readonly number[], most: number): Nearest[] {
  const wanted = normalised(to);
  const all = vectors.map((vector, word) => ({ word, cosine: dot(normalised(vector), wanted) }));
  const others = all.filter(({ word }) => !excluded.includes(word));
  return others.sort((x, y) => y.cosine - x.cosine || x.word - y.word).slice(0, most);
}

function vectorOf(vectors: readonly Vector[], word: number): Float64Array {
  const found = vectors[word];
  if (!found) throw new RangeError(`word is ${word}, expected one below ${vectors.length}`);
  return normalised(found);
}

/**
 * The words d for which a is to b as c is to d: those nearest to b − a + c, all vectors scaled to length 1, without a,
 * b and c, one of which would often be the nearest (Mikolov et al. 2013). Nearest first, at most `most`.
 *
 * @throws RangeError for a word that has no vector.
 */
export function analogy(vectors: readonly Vector[], a: number, b: number, c: number, most = 1): Nearest[] {
  const [from, to, other] = [vectorOf(vectors, a), vectorOf(vectors, b), vectorOf(vectors, c)];
  const wanted = to.map((x, i) => x - (from[i] ?? 0) + (other[i] ?? 0));
  return nearestTo(vectors, wanted, [a, b, c], most);
}

/** The words nearest to a word, the nearest first. Throws `RangeError` for a word that has no vector. */
export const neighbours = (vectors: readonly Vector[], word: number, most: number): Nearest[] =>
  nearestTo(vectors, vectorOf(vectors, word), [word], most);
