import type { Gpu } from "../../gpu/gpu.ts";
import { mul } from "../../kernels/elementwise/elementwise.ts";
import { gather } from "../../kernels/embedding/gather.ts";
import { concat } from "../../kernels/layout/concat.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { sum } from "../../kernels/reduce/reduce.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";

/** Word vectors on a device (Mikolov et al. 2013): each word has two. */
export interface SkipGram {
  readonly gpu: Gpu;
  /** Of words that predict those near them, `[v, d]`: the vectors that are kept. */
  readonly input: Tensor;
  /** Of words that are predicted, `[v, d]`. */
  readonly output: Tensor;
}

/** The input vectors of words u32 `[n]`: `[n, d]`. */
export const vectorsOf = ({ gpu, input }: SkipGram, ids: Tensor): Tensor => gather(gpu, { ids, table: input }).y;

/** How likely each word is near words u32 `[n]`, before the softmax: `[n, v]`. */
export const wordLogits = (model: SkipGram, ids: Tensor): Tensor =>
  matmul(model.gpu, { x: vectorsOf(model, ids), weight: model.output }).y;

/** Words, one that is near each, and some that are drawn. */
export interface Drawn {
  /** u32 `[n]` */
  readonly ids: Tensor;
  /** u32 `[n]` */
  readonly near: Tensor;
  /** u32 `[k]`, the same for all. */
  readonly negatives: Tensor;
}

/**
 * The products of each word's vector with that of the word near it, first, and with those of the words that are drawn: `[n, 1
 * + k]`.
 */
export function pairScores(model: SkipGram, { ids, near, negatives }: Drawn): Tensor {
  const { gpu, output } = model;
  const v = vectorsOf(model, ids);
  const u = gather(gpu, { ids: near, table: output }).y;
  const others = gather(gpu, { ids: negatives, table: output }).y;
  const first = sum(gpu, { x: mul(gpu, { a: v, b: u }).y }, { axis: 1 }).y;
  return concat(gpu, [reshape(first, [ids.size, 1]), matmul(gpu, { x: v, weight: others }).y], 1);
}
