import type { Gpu } from "../../gpu/gpu.ts";
import type { Scope } from "../../gpu/scopes.ts";
import { boolean, fieldsOf, object } from "../../options/checks.ts";
import { empty, Tensor } from "../../tensor/tensor.ts";
import type { RowBlock } from "../../tensor/views.ts";
import { slice, transpose } from "../../tensor/views.ts";
import { tensorFields } from "../define/arguments.ts";
import { defineOp, type Variant } from "../define/op.ts";
import { add } from "../elementwise/elementwise.ts";
import { type GemmTensors, gemm } from "../gemm/gemm.ts";
import { concat } from "../layout/concat.ts";
import { matmul } from "../matmul/matmul.ts";
import { columnSums } from "../reduce/column-sums.ts";
import { blockGradient } from "./blocks.ts";
import { crossEntropyBackward } from "./cross-entropy-backward.ts";
import {
  biasOf,
  blocksOfVocabulary,
  chunksOfRows,
  type LinearLossOptions,
  type LinearLossTensors,
  linearLossChecks,
  linearLossOrder,
  linearLossSizes,
  oneSegment,
  takeLogits,
  wholeRefusal,
} from "./linear-problem.ts";

/** The arguments and results of `linearCrossEntropy`, and the gradient of its mean loss, `dloss` `[1]`. */
export interface LinearLossGradientTensors extends LinearLossTensors {
  readonly lse: Tensor;
  readonly count: Tensor;
  readonly others?: Tensor | undefined;
  readonly dloss: Tensor;
}

export interface LinearLossGradientOptions extends LinearLossOptions {
  /** The gradients to compute; default all. */
  readonly needs?: { readonly x?: boolean; readonly weight?: boolean; readonly bias?: boolean } | undefined;
}

/** The gradients of x `[rows, c]`, of weight `[v, c]` and of bias `[v]`, f32; those that are not needed are absent. */
export interface LinearLossGradients {
  readonly dx?: Tensor | undefined;
  readonly dweight?: Tensor | undefined;
  readonly dbias?: Tensor | undefined;
}

type GradientVariant = Variant<LinearLossGradientTensors, LinearLossGradientOptions, LinearLossGradients>;

/** The gradients that are needed, of those that exist. */
const neededOf = ({ bias }: LinearLossTensors, { needs }: LinearLossGradientOptions) => {
  const all = { x: true, weight: true, bias: true, ...needs };
  return { ...all, bias: all.bias && bias !== undefined };
};

/** Adds a product to the sum so far, in place. */
const plus = (gpu: Gpu, total: Tensor | undefined, product: GemmTensors): Tensor =>
  gemm(gpu, product, total ? { into: { y: total }, accumulate: true } : {}).y;

function kept(scope: Scope, gradients: LinearLossGradients): LinearLossGradients {
  for (const one of Object.values(gradients)) if (one) scope.keep(one);
  return gradients;
}

/** Gradients of all logits, from which both products are made; logits are computed again where none were kept. */
const whole: GradientVariant = {
  accepts: wholeRefusal,
  record: (gpu, tensors, given) => {
    const { x, weight, bias, targets, lse, count, dloss } = tensors;
    const { chunk: _, needs: __, ...loss } = given;
    const wanted = neededOf(tensors, given);
    using scope = gpu.scope();
    const logits = takeLogits(gpu, lse) ?? matmul(gpu, bias ? { x, weight, bias } : { x, weight }).y;
    const options = { ...loss, inPlace: true };
    const { dlogits } = crossEntropyBackward(gpu, { logits, targets, lse, count, dloss }, options);
    return kept(scope, {
      dx: wanted.x ? gemm(gpu, { a: dlogits, b: weight }).y : undefined,
      dweight: wanted.weight ? gemm(gpu, { a: transpose(dlogits), b: x }).y : undefined,
      dbias: wanted.bias ? columnSums(gpu, { x: dlogits }).y : undefined,
    });
  },
};

/** Of some rows at a time: dx row by row, dweight and dbias added up in the order of the chunks. */
const rowChunks: GradientVariant = {
  accepts: oneSegment,
  record: (gpu, tensors, options) => {
    const { x, weight, bias, targets, lse, count, dloss } = tensors;
    const { chunk: _, needs: __, ...loss } = options;
    const wanted = neededOf(tensors, options);
    using scope = gpu.scope();
    const dx = wanted.x ? empty(gpu, x.shape) : undefined;
    let dweight: Tensor | undefined;
    let dbias: Tensor | undefined;
    for (const [begin, end] of chunksOfRows(tensors, options)) {
      const part = (all: Tensor) => slice(all, 0, begin, end);
      const { y: logits } = matmul(gpu, bias ? { x: part(x), weight, bias } : { x: part(x), weight });
      const of = { logits, targets: part(targets), lse: part(lse), count, dloss };
      const { dlogits } = crossEntropyBackward(gpu, of, { ...loss, inPlace: true });
      if (dx) gemm(gpu, { a: dlogits, b: weight }, { into: { y: part(dx) } });
      if (wanted.weight) dweight = plus(gpu, dweight, { a: transpose(dlogits), b: part(x) });
      if (wanted.bias) {
        const { y } = columnSums(gpu, { x: dlogits });
        dbias = dbias ? add(gpu, { a: dbias, b: y }).y : y;
      }
      logits.dispose();
    }
    return kept(scope, { dx, dweight, dbias });
  },
};

/** Memory for the gradient of a weight, in as many segments. */
const likeSegments = (gpu: Gpu, weight: Tensor): Tensor => {
  const segments = weight.segments.map(({ begin, end }) => ({
    storage: empty(gpu, weight.shape.with(0, end - begin), "f32", "dweight").storage,
    begin,
    end,
  }));
  return new Tensor(gpu, weight.shape, "f32", segments);
};

/** The part of a gradient that belongs to a block of its rows, which is in one segment. */
function blockOf(gpu: Gpu, gradient: Tensor, { begin, end }: RowBlock): Tensor {
  const found = gradient.segments.find((one) => one.begin <= begin && end <= one.end);
  if (!found) throw new RangeError(`rows ${begin} to ${end} are in no segment`);
  const rows = gradient.shape.with(0, found.end - found.begin);
  const segment = new Tensor(gpu, rows, "f32", [{ storage: found.storage, begin: 0, end: found.end - found.begin }]);
  return slice(segment, 0, begin - found.begin, end - found.begin);
}

/** Of some tokens at a time: dweight and dbias block by block, dx added up in the order of the blocks. */
const vocabularyBlocks: GradientVariant = {
  accepts: ({ others }) => (others ? undefined : "it needs others, which the loss in blocks of the vocabulary gives"),
  record: (gpu, tensors, options) => {
    const { x, weight, bias, targets, lse, count, others, dloss } = tensors;
    const { vocabulary } = linearLossSizes(tensors, options);
    const { chunk: _, needs: __, ...loss } = options;
    const wanted = neededOf(tensors, options);
    using scope = gpu.scope();
    const dweight = wanted.weight ? likeSegments(gpu, weight) : undefined;
    let dx: Tensor | undefined;
    const sums: Tensor[] = [];
    for (const block of blocksOfVocabulary(tensors, options)) {
      const { begin, end, rows } = block;
      const { y } = gemm(gpu, { a: x, b: transpose(rows), ...biasOf(gpu, bias, begin, end) });
      const of = { logits: y, targets, lse, count, others: others as Tensor, dloss };
      const { logits: dlogits } = blockGradient(gpu, of, { ...loss, vocabulary, first: begin });
      if (dweight) gemm(gpu, { a: transpose(dlogits), b: x }, { into: { y: blockOf(gpu, dweight, block) } });
      if (wanted.x) dx = plus(gpu, dx, { a: dlogits, b: rows });
      if (wanted.bias) sums.push(columnSums(gpu, { x: dlogits }).y);
      y.dispose();
    }
    const [first, ...more] = sums;
    const dbias = more.length > 0 ? concat(gpu, sums, 0) : first;
    return kept(scope, { dx, dweight, dbias });
  },
};

const variants = { whole, vocabularyBlocks, rowChunks } as const;

/** Blocks of the vocabulary first, if the loss was computed in blocks. */
const order = (tensors: LinearLossGradientTensors, options: LinearLossGradientOptions) =>
  tensors.others ? (["vocabularyBlocks", "whole", "rowChunks"] as const) : linearLossOrder(tensors, options);

/**
 * The gradients of `linearCrossEntropy`: with dz that of the logits, `dx = dz · weight`, `dweight = dzᵀ · x` and
 * `dbias` the sums of dz over rows. Logits are computed again, in chunks as there, unless a recording has them whole.
 * Options as there; `count` may be of more rows than these. Throws `ShapeError` for shapes that do not fit, and for
 * blocks of the vocabulary without `others`.
 */
export const linearCrossEntropyBackward = defineOp<
  LinearLossGradientTensors,
  LinearLossGradientOptions,
  LinearLossGradients,
  typeof variants
>(
  { name: "linearCrossEntropyBackward", variants, order },
  {
    tensors: tensorFields("x", "weight", "bias?", "targets", "lse", "count", "others?", "dloss"),
    options: fieldsOf<LinearLossGradientOptions>({
      ...linearLossChecks,
      needs: object<NonNullable<LinearLossGradientOptions["needs"]>>({ x: boolean, weight: boolean, bias: boolean }),
    }),
  },
);
