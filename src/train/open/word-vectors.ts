import type { FileSource } from "../../formats/source.ts";
import type { OpeningOptions } from "../../generate/load/opening.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { countTargets, crossEntropy } from "../../kernels/cross-entropy/cross-entropy.ts";
import { linearCrossEntropy } from "../../kernels/cross-entropy/linear.ts";
import { add, mul } from "../../kernels/elementwise/elementwise.ts";
import { fill } from "../../kernels/elementwise/fill.ts";
import { concat } from "../../kernels/layout/concat.ts";
import {
  pairScores,
  readWordVectorsConfig,
  type SkipGram,
  vectorsOf,
  type WordVectorsConfig,
  wordLogits,
  wordVectorsShapes,
} from "../../models/word-models/word-vectors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import { refuse } from "../objectives/layer-settings.ts";
import type { ModelLoss, Objective } from "../objectives/objective.ts";
import { given, modelLoss } from "../objectives/tensors.ts";
import { ignored } from "../objectives/token-batches.ts";
import { checkWordBatch, pairsIn, type WordBatch } from "../objectives/word-batch.ts";
import { type FreshNamedOptions, freshNamed, openNamed } from "./open-named.ts";
import type { TrainableModel } from "./open-trainable.ts";

/** Trainable word vectors. */
export interface TrainableWordVectors extends TrainableModel<WordBatch> {
  readonly config: WordVectorsConfig;
  /** The current input vector of each word, `[d]`, for `nearestWords` and `analogy`. */
  readonly vectors: () => Promise<Float64Array[]>;
}

const kind = { read: readWordVectorsConfig, shapes: wordVectorsShapes };

/**
 * Opens word vectors for training and use: skip-gram, by the softmax over all words or by negative sampling (Mikolov et
 * al. 2013). `from` is a folder as for `loadModel`, or one of `freshWordVectors`. Its weights are uploaded as f32:
 * `input.weight` and `output.weight`, both `[v, d]`.
 *
 * @throws OptionError for invalid options, FormatError for a file that is missing or invalid, and the reason of
 * `signal` once it aborts.
 */
export async function openWordVectors(
  gpu: Gpu,
  from: string | URL | FileSource,
  options: OpeningOptions = {},
): Promise<TrainableWordVectors> {
  const { weights, ...opened } = await openNamed(gpu, "openWordVectors", from, kind, options);
  const [input, output] = [weights.of("input.weight"), weights.of("output.weight")];
  const { vocabulary, width } = opened.config;
  const vectors = async () => {
    const all = await input.read();
    return Array.from({ length: vocabulary }, (_, word) => all.slice(word * width, (word + 1) * width));
  };
  return { ...opened, vectors, objective: wordVectorsObjective({ gpu, input, output }) };
}

/**
 * An in-memory folder of fresh word vectors, initialised as in word2vec: input vectors uniform within ±1/2d, output
 * vectors zero. `config` is the content of its `config.json`: `model_type` `skip-gram`, `vocab_size` and `vector_size`.
 *
 * @throws FormatError for an invalid config; OptionError for invalid options.
 */
export const freshWordVectors = (
  config: Readonly<Record<string, unknown>>,
  options: FreshNamedOptions = {},
): FileSource =>
  freshNamed(
    "freshWordVectors",
    config,
    kind,
    ({ width }) =>
      (name, { uniform }) =>
        name === "input.weight" ? (i) => (uniform(i) - 0.5) / width : () => 0,
    options,
  );

/** Skip-gram: the vector of a word predicts its neighbours. */
function wordVectorsObjective(model: SkipGram): Objective<WordBatch> {
  const [vocabulary = 0] = model.input.shape;
  return {
    gpu: model.gpu,
    routers: [],
    check: (argument, batch) => checkWordBatch(argument, batch, vocabulary),
    targetsIn: pairsIn,
    inputs: ({ ids, targets, negatives, perPair }) => {
      const shape = [ids.length];
      return {
        ids: { shape, dtype: "u32", values: Uint32Array.from(ids) },
        targets: { shape, dtype: "i32", values: Int32Array.from(targets) },
        ...(negatives && drawn(targets, negatives, perPair)),
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

/** Further inputs of negative sampling: neighbours (word 0 for pairs that do not count), and the class of each pair. */
function drawn(targets: readonly number[], negatives: readonly number[], perPair: number | undefined) {
  const [n, k] = [targets.length, negatives.length];
  const classOf = (of: number, target: number | undefined) => (target === ignored ? ignored : of);
  const kinds = new Int32Array(n * k);
  for (const [i, target] of targets.entries()) kinds.fill(classOf(isDrawn, target), i * k, (i + 1) * k);
  return {
    near: { shape: [n], dtype: "u32", values: Uint32Array.from(targets, (target) => Math.max(0, target)) },
    negatives: { shape: [k], dtype: "u32", values: Uint32Array.from(negatives) },
    nearKinds: { shape: [n], dtype: "i32", values: Int32Array.from(targets, (target) => classOf(isNear, target)) },
    drawnKinds: { shape: [n * k], dtype: "i32", values: kinds },
    each: { shape: [1], dtype: "f32", values: Float32Array.of(perPair ?? k) },
    offset: { shape: [1], dtype: "f32", values: Float32Array.of(Math.log(perPair ?? 1)) },
  } as const;
}

/** The two classes of pairs, for logits `[score, offset]`. */
const [isNear, isDrawn] = [0, 1];

/** The cross-entropy over all words. */
function lossOfAll(model: SkipGram, tensors: Tensors): ModelLoss {
  const { gpu, output } = model;
  const x = vectorsOf(model, given(tensors, "ids"));
  return modelLoss(linearCrossEntropy(gpu, { x, weight: output, targets: given(tensors, "targets") }));
}

/**
 * The mean over pairs of `−log σ(u·v − o) − Σ log σ(o − u′·v)`, u of the neighbour and u′ of the negative samples, with
 * o = 0 or ln k: `−log σ(s − o)` is the cross-entropy of the logits `[s, o]` with the first class, `−log σ(o − s)` with
 * the second.
 */
function lossOfDrawn(model: SkipGram, tensors: Tensors): ModelLoss {
  const { gpu } = model;
  const [ids, near, negatives] = [given(tensors, "ids"), given(tensors, "near"), given(tensors, "negatives")];
  const meanOf = (scores: Tensor, kinds: string) => {
    const column = reshape(scores, [scores.size, 1]);
    const offset = add(gpu, { a: fill(gpu, [scores.size, 1], 0), b: given(tensors, "offset") }).y;
    const logits = concat(gpu, [column, offset], 1);
    // Rows of two columns: a thread each, not several.
    return crossEntropy(gpu, { logits, targets: given(tensors, kinds) }, { variant: "naive" }).loss;
  };
  const scores = pairScores(model, { ids, near, negatives });
  const ofDrawn = mul(gpu, { a: meanOf(scores.drawn, "drawnKinds"), b: given(tensors, "each") }).y;
  const loss = add(gpu, { a: meanOf(scores.near, "nearKinds"), b: ofDrawn }).y;
  const { count } = countTargets(gpu, { targets: given(tensors, "targets") }, {});
  return modelLoss({ loss, count });
}
