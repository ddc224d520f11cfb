import { countTargets, crossEntropy } from "../../kernels/cross-entropy/cross-entropy.ts";
import { linearCrossEntropy } from "../../kernels/cross-entropy/linear.ts";
import { mul } from "../../kernels/elementwise/elementwise.ts";
import { fill } from "../../kernels/elementwise/fill.ts";
import { concat } from "../../kernels/layout/concat.ts";
import { pairScores, type SkipGram, vectorsOf, wordLogits } from "../../models/word-vectors/skip-gram.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import type { ModelLoss, Objective } from "./objective.ts";
import { refuse } from "./refused-settings.ts";
import { given, modelLoss } from "./tensors.ts";
import { ignored } from "./token-batches.ts";
import { checkWordBatch, pairsIn, type WordBatch } from "./word-batch.ts";

/** Skip-gram: the vector of a word predicts the words near it. */
export function wordVectorsObjective(model: SkipGram): Objective<WordBatch> {
  const [vocabulary = 0] = model.input.shape;
  return {
    gpu: model.gpu,
    routers: [],
    check: (argument, batch) => checkWordBatch(argument, batch, vocabulary),
    targetsIn: pairsIn,
    inputs: ({ ids, targets, negatives }) => {
      const shape = [ids.length];
      return {
        ids: { shape, dtype: "u32", values: Uint32Array.from(ids) },
        targets: { shape, dtype: "i32", values: Int32Array.from(targets) },
        ...(negatives && drawn(targets, negatives)),
      };
    },
    inputsFor: ({ batch, context }) => {
      const shape = [batch * context];
      return { ids: { shape, dtype: "u32" }, targets: { shape, dtype: "i32" } };
    },
    logits: (tensors) => wordLogits(model, given(tensors, "ids")),
    loss: (tensors, settings) => {
      refuse("word vectors", settings, ["dropout", "attentionDropout"]);
      return tensors["negatives"] ? lossOfDrawn(model, tensors) : lossOfAll(model, tensors);
    },
  };
}

type Tensors = Readonly<Record<string, Tensor>>;

/** What negative sampling reads too: near words, those that do not count among them as word 0, and what each pair is. */
function drawn(targets: readonly number[], negatives: readonly number[]) {
  const each = 1 + negatives.length;
  const kind = (at: number) => {
    if (targets[Math.floor(at / each)] === ignored) return ignored;
    return at % each === 0 ? isNear : isDrawn;
  };
  const [n, k] = [targets.length, negatives.length];
  return {
    near: { shape: [n], dtype: "u32", values: Uint32Array.from(targets, (target) => Math.max(0, target)) },
    negatives: { shape: [k], dtype: "u32", values: Uint32Array.from(negatives) },
    kinds: { shape: [n * each], dtype: "i32", values: Int32Array.from({ length: n * each }, (_, at) => kind(at)) },
  } as const;
}

/** The two classes of pairs, of logits `[score, 0]`. */
const [isNear, isDrawn] = [0, 1];

/** The cross-entropy over all words. */
function lossOfAll(model: SkipGram, tensors: Tensors): ModelLoss {
  const { gpu, output } = model;
  const x = vectorsOf(model, given(tensors, "ids"));
  return modelLoss(linearCrossEntropy(gpu, { x, weight: output, targets: given(tensors, "targets") }));
}

/**
 * The mean over pairs of `−log σ(u·v) − Σ log σ(−u′·v)`, u of the near word and u′ of those that were drawn: `−log σ(s)` is
 * the cross-entropy of the logits `[s, 0]` with the first class, `−log σ(−s)` that with the second.
 */
function lossOfDrawn(model: SkipGram, tensors: Tensors): ModelLoss {
  const { gpu } = model;
  const [ids, near, negatives] = [given(tensors, "ids"), given(tensors, "near"), given(tensors, "negatives")];
  const scores = pairScores(model, { ids, near, negatives });
  const column = reshape(scores, [scores.size, 1]);
  const logits = concat(gpu, [column, fill(gpu, [scores.size, 1], 0)], 1);
  const { loss } = crossEntropy(gpu, { logits, targets: given(tensors, "kinds") });
  const each = fill(gpu, [1], 1 + negatives.size);
  const { count } = countTargets(gpu, { targets: given(tensors, "targets") }, {});
  return modelLoss({ loss: mul(gpu, { a: loss, b: each }).y, count });
}
