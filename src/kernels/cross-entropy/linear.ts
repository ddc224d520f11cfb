import type { Gpu } from "../../gpu/gpu.ts";
import type { Scope } from "../../gpu/scopes.ts";
import { fieldsOf } from "../../options/checks.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { slice, transpose } from "../../tensor/views.ts";
import { tensorFields } from "../define/arguments.ts";
import { defineOp, type Variant } from "../define/op.ts";
import { gemm } from "../gemm/gemm.ts";
import { matmul } from "../matmul/matmul.ts";
import { addBlock, lossOfSums } from "./blocks.ts";
import { countTargets, crossEntropyRows, meanLoss, type RowLosses } from "./cross-entropy.ts";
import {
  biasOf,
  blocksOfVocabulary,
  chunksOfRows,
  keepLogits,
  type LinearLoss,
  type LinearLossOptions,
  type LinearLossTensors,
  linearLossChecks,
  linearLossOrder,
  linearLossSizes,
  oneSegment,
  wholeRefusal,
} from "./linear-problem.ts";
import type { LossOptions } from "./options.ts";

export type { LinearLoss, LinearLossOptions, LinearLossTensors } from "./linear-problem.ts";

type LossVariant = Variant<LinearLossTensors, LinearLossOptions, LinearLoss>;

/** Adds the mean to the losses of rows; all of them outlive the scope. */
function withMean(gpu: Gpu, scope: Scope, rows: RowLosses & Pick<LinearLoss, "others">, given: Given): LinearLoss {
  const { count } = countTargets(gpu, { targets: given.targets }, { ignored: given.ignored });
  const { loss } = meanLoss(gpu, { losses: rows.losses, count });
  const found = { ...rows, loss, count };
  for (const one of Object.values(found)) if (one) scope.keep(one);
  return found;
}

type Given = Pick<LinearLossTensors, "targets"> & Pick<LossOptions, "ignored">;

/** Logits of all rows and tokens, then their cross-entropy: the definition. */
const whole: LossVariant = {
  accepts: wholeRefusal,
  record: (gpu, { x, weight, bias, targets }, { chunk: _, ...options }) => {
    using scope = gpu.scope();
    const { y: logits } = matmul(gpu, bias ? { x, weight, bias } : { x, weight });
    const rows = crossEntropyRows(gpu, { logits, targets }, options);
    keepLogits(gpu, scope, logits, rows.lse);
    return withMean(gpu, scope, rows, { targets, ...options });
  },
};

/** Logits of some rows at a time (Liger Kernel, Hsu et al. 2024, section 3.2). */
const rowChunks: LossVariant = {
  accepts: oneSegment,
  record: (gpu, tensors, options) => {
    const { x, weight, bias, targets } = tensors;
    const { chunk: _, ...loss } = options;
    using scope = gpu.scope();
    const [losses, lse] = [empty(gpu, targets.shape), empty(gpu, targets.shape)];
    for (const [begin, end] of chunksOfRows(tensors, options)) {
      const part = (all: Tensor) => slice(all, 0, begin, end);
      const { y: logits } = matmul(gpu, bias ? { x: part(x), weight, bias } : { x: part(x), weight });
      const into = { losses: part(losses), lse: part(lse) };
      crossEntropyRows(gpu, { logits, targets: part(targets) }, { ...loss, into });
      logits.dispose();
    }
    return withMean(gpu, scope, { losses, lse }, { targets, ...loss });
  },
};

/** Logits of some tokens at a time, which each row adds up (Wijmans et al. 2024, section 4). */
const vocabularyBlocks: LossVariant = {
  record: (gpu, tensors, options) => {
    const { x, bias, targets } = tensors;
    const { rows, vocabulary } = linearLossSizes(tensors, options);
    const { chunk: _, ...loss } = options;
    using scope = gpu.scope();
    const sums = empty(gpu, [rows, 4], "f32", "sums of rows");
    for (const { begin: first, end, rows: weight } of blocksOfVocabulary(tensors, options)) {
      if (first >= vocabulary) continue;
      const { y: logits } = gemm(gpu, { a: x, b: transpose(weight), ...biasOf(gpu, bias, first, end) });
      addBlock(gpu, { logits, targets, sums }, { ...loss, vocabulary, first });
      logits.dispose();
    }
    return withMean(gpu, scope, lossOfSums(gpu, { sums, targets }, { ...loss, vocabulary }), { targets, ...loss });
  },
};

const variants = { whole, vocabularyBlocks, rowChunks } as const;

/**
 * The cross-entropy of `x · weightᵀ + bias` with target tokens, as `crossEntropy` of these logits, which need not be in
 * memory together: where all logits take more than 64 MB, chunks of 16 MB are used. x f32 `[rows, c]`, weight f32 or
 * f16 `[v, c]`, bias f32 `[v]`, optional, targets `[rows]`, i32 or u32 → losses and lse `[rows]`, loss and count
 * `[1]`. Throws `ShapeError` for shapes that do not fit.
 */
export const linearCrossEntropy = defineOp<LinearLossTensors, LinearLossOptions, LinearLoss, typeof variants>(
  { name: "linearCrossEntropy", variants, order: linearLossOrder },
  { tensors: tensorFields("x", "weight", "bias?", "targets"), options: fieldsOf<LinearLossOptions>(linearLossChecks) },
);
