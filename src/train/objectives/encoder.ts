import { linear } from "../../blocks/linear.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { mul } from "../../kernels/elementwise/elementwise.ts";
import { fill } from "../../kernels/elementwise/fill.ts";
import { gather } from "../../kernels/embedding/gather.ts";
import { contiguous } from "../../kernels/layout/contiguous.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { l2Normalise } from "../../kernels/norm/l2-normalise.ts";
import { reduceSegments } from "../../kernels/reduce/segments.ts";
import { bucketOf } from "../../models/encoders/buckets.ts";
import { type EncoderConfig, firstPosition } from "../../models/encoders/config.ts";
import { type EncoderModel, encode } from "../../models/encoders/encoder.ts";
import { type HeadWeights, headStates } from "../../models/encoders/heads/weights.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { reshape, slice, transpose } from "../../tensor/views.ts";
import { type ContrastiveBatch, checkContrastiveBatch, pairsIn } from "./contrastive-batch.ts";
import { checkLabelBatch, type LabelBatch, labelsIn } from "./label-batch.ts";
import { stackTraining } from "./layer-settings.ts";
import { checkMaskedBatch, type MaskedBatch } from "./masked-batch.ts";
import type { BatchInput, InputShape, LossSettings, ModelLoss, Objective } from "./objective.ts";
import { headLoss, joinedRows, raggedRows, raggedShapes, roundedLength } from "./ragged-rows.ts";
import { given, lossOf, modelLoss } from "./tensors.ts";
import { ignored } from "./token-batches.ts";
import { checkTokenLabelBatch, type TokenLabelBatch } from "./token-label-batch.ts";

type Rows = readonly (readonly number[])[];
type Tensors = Readonly<Record<string, Tensor>>;

/** A program's inputs from rows of tokens. */
function rowInputs({ positions, context, types }: EncoderConfig, ids: Rows, ofTypes: Rows | undefined) {
  const rows = raggedRows(ids, { first: firstPosition(positions), context });
  const { shape } = rows.ids;
  const own = () => new Uint32Array(joinedRows(ofTypes ?? [], shape[0] ?? 0, 0).buffer);
  return { ...rows, ...(types > 0 && { types: { shape, dtype: "u32", values: own() } as const }) };
}

/** Their shapes, for so many rows and tokens in all. */
function rowShapes({ types }: EncoderConfig, rows: number, tokens: number) {
  const shapes = raggedShapes(rows, tokens);
  return { ...shapes, ...(types > 0 && { types: shapes.ids }) };
}

/** The bucket of each distance, for models with a bias by distance: u32, from −farthest on. */
function bucketTensors({ gpu, config }: EncoderModel): Tensors {
  if (!config.relativeBias) return {};
  const { buckets, farthest } = config.relativeBias;
  const ids = Array.from({ length: 2 * farthest + 1 }, (_, i) => bucketOf(i - farthest, buckets, farthest));
  return { buckets: tensor(gpu, [ids.length], ids, "u32") };
}

/** The biases by distance, from those by bucket: recorded, so that gradients reach the stored ones. */
function distanceBiases(gpu: Gpu, stored: Tensor, ids: Tensor): Tensor {
  const { y } = gather(gpu, { ids, table: stored });
  return contiguous(gpu, { x: transpose(y) }).y;
}

/** The states `[b·t, c]` of the tokens of a program. */
function statesOf(model: EncoderModel, tensors: Tensors, settings: LossSettings | undefined): Tensor {
  const { gpu, config, weights } = model;
  const [ids, positions, offsets] = [given(tensors, "ids"), given(tensors, "positions"), given(tensors, "offsets")];
  const { types, buckets } = tensors;
  const inOneRow = (of: Tensor) => reshape(of, [1, of.size]);
  const own =
    buckets && weights.buckets
      ? { ...model, weights: { ...weights, relativeBias: distanceBiases(gpu, weights.buckets, buckets) } }
      : model;
  const states = encode(own, {
    ids: inOneRow(ids),
    positions: inOneRow(positions),
    types: types && inOneRow(types),
    layout: { kind: "ragged", queryOffsets: offsets, keyOffsets: offsets },
    training: settings && stackTraining(gpu, settings),
  });
  return reshape(states, [ids.size, config.width]);
}

/** The differences between an encoder's training tasks. */
interface Task<B> extends Pick<Objective<B>, "check" | "targetsIn"> {
  readonly targets: (batch: B, tokens: number) => BatchInput;
  readonly targetShape: (rows: number, tokens: number) => InputShape;
  /** The head's input from the states of all tokens, `[targets, c]`. */
  readonly pooled: (states: Tensor, tensors: Tensors) => Tensor;
  /** The same for the loss, which only needs those of targets that count, with these targets; default all. */
  readonly counted?:
    | ((states: Tensor, tensors: Tensors) => { readonly x: Tensor; readonly targets: Tensor })
    | undefined;
  /** Further inputs. */
  readonly more?: ((batch: B, tokens: number) => Readonly<Record<string, BatchInput>>) | undefined;
  /** Their shapes. */
  readonly moreShapes?: ((tokens: number) => Readonly<Record<string, InputShape>>) | undefined;
}

function objectiveOf<B extends { readonly ids: Rows } & Pick<MaskedBatch, "types">>(
  model: EncoderModel,
  head: HeadWeights,
  task: Task<B>,
): Objective<B> {
  const { gpu, config } = model;
  const { check, targetsIn, targets, targetShape, pooled, more, moreShapes } = task;
  const { counted = (states, tensors) => ({ x: pooled(states, tensors), targets: given(tensors, "targets") }) } = task;
  return {
    gpu,
    model: config,
    routers: [],
    check,
    targetsIn,
    inputs: (batch) => {
      const rows = rowInputs(config, batch.ids, batch.types);
      const [tokens = 0] = rows.ids.shape;
      return { ...rows, ...more?.(batch, tokens), targets: targets(batch, tokens) };
    },
    inputsFor: ({ batch, context }) => {
      const tokens = batch * context;
      return { ...rowShapes(config, batch, tokens), ...moreShapes?.(tokens), targets: targetShape(batch, tokens) };
    },
    constants: () => bucketTensors(model),
    logits: (tensors) => {
      const x = headStates(gpu, pooled(statesOf(model, tensors, undefined), tensors), head);
      return gpu.within("head", () => linear(gpu, x, head.output));
    },
    loss: (tensors, settings): ModelLoss => {
      const { x, targets } = counted(statesOf(model, tensors, settings), tensors);
      return modelLoss(headLoss(gpu, { x: headStates(gpu, x, head), head: head.output, targets }));
    },
  };
}

/** The share of tokens that count where no batch says so: of masked words. */
const usualShare = 0.15;

/** Tokens whose targets count, filled up with token 0, which does not. */
const shapesOfCounted = (count: number) => {
  const shape = [roundedLength(count)];
  return { picked: { shape, dtype: "u32" }, pickedTargets: { shape, dtype: "i32" } } as const;
};

/** Positions in concatenated rows of the targets that count, with these targets. */
function countedTargets(targets: Rows) {
  const all = targets.flat().flatMap((target, at) => (target === ignored ? [] : [[at, target] as const]));
  const { picked, pickedTargets } = shapesOfCounted(Math.max(1, all.length));
  const [size = 0] = picked.shape;
  const positions = Uint32Array.from({ length: size }, (_, i) => all[i]?.[0] ?? 0);
  const values = Int32Array.from({ length: size }, (_, i) => all[i]?.[1] ?? ignored);
  return { picked: { ...picked, values: positions }, pickedTargets: { ...pickedTargets, values } };
}

/** A target for each token, in the rows that `targetsOf` returns. In training the head reads only the states that count. */
function tokenTask<B>(gpu: Gpu, targetsOf: (batch: B) => Rows): Omit<Task<B>, "check"> {
  const targetShape = (_rows: number, tokens: number) => ({ shape: [tokens], dtype: "i32" }) as const;
  const counts = (row: readonly number[]) => row.filter((target) => target !== ignored).length;
  return {
    targetsIn: (batch) => targetsOf(batch).reduce((sum, row) => sum + counts(row), 0),
    targets: (batch, tokens) => ({ ...targetShape(0, tokens), values: joinedRows(targetsOf(batch), tokens, ignored) }),
    targetShape,
    pooled: (states) => states,
    counted: (states, tensors) => ({
      x: gather(gpu, { ids: given(tensors, "picked"), table: states }).y,
      targets: given(tensors, "pickedTargets"),
    }),
    more: (batch) => countedTargets(targetsOf(batch)),
    moreShapes: (tokens) => shapesOfCounted(Math.ceil(usualShare * tokens)),
  };
}

/** Masked language modelling: an encoder learns to predict hidden tokens (Devlin et al. 2018, section 3.1). */
export const maskedObjective = (model: EncoderModel, head: HeadWeights): Objective<MaskedBatch> =>
  objectiveOf(model, head, {
    ...tokenTask<MaskedBatch>(model.gpu, ({ targets }) => targets),
    check: (argument, batch) => checkMaskedBatch(argument, batch, model.config),
  });

/** Labels of tokens (Devlin et al. 2018, section 5.3). */
export function tokenLabelObjective(model: EncoderModel, head: HeadWeights): Objective<TokenLabelBatch> {
  const { vocabulary, context, types } = model.config;
  const fitted = { vocabulary, context, types, labels: head.output.weight.shape[0] ?? 0 };
  return objectiveOf(model, head, {
    ...tokenTask<TokenLabelBatch>(model.gpu, ({ labels }) => labels),
    check: (argument, batch) => checkTokenLabelBatch(argument, batch, fitted),
  });
}

/** The first states of texts, or the means of all, `[rows, c]`, from those of all tokens. */
function pooledTexts(gpu: Gpu, states: Tensor, tensors: Tensors, rows: number): Tensor {
  const { shares } = tensors;
  const offsets = given(tensors, "offsets");
  // The last of them is the remaining tokens.
  if (!shares) return gather(gpu, { ids: slice(offsets, 0, 0, rows), table: states }).y;
  const segments = { x: states, weights: shares, offsets: slice(offsets, 0, 0, rows + 1) };
  return reduceSegments(gpu, segments, { operation: "sum" }).y;
}

const shapesOfShares = (tokens: number) => ({ shares: { shape: [tokens], dtype: "f32" } }) as const;

/** The share of each token in the mean of its row. */
function sharesOf(rows: Rows, tokens: number) {
  const values = new Float32Array(tokens);
  values.set(rows.flatMap(({ length }) => new Array<number>(length).fill(1 / length)));
  return { shares: { ...shapesOfShares(tokens).shares, values } };
}

/** Text classification, by a head that reads a text's first state or the mean of all. */
export function labelObjective(model: EncoderModel, head: HeadWeights): Objective<LabelBatch> {
  const { gpu, config } = model;
  const labels = head.output.weight.shape[0] ?? 0;
  const { vocabulary, context, types } = config;
  const targetShape = (rows: number) => ({ shape: [rows], dtype: "i32" }) as const;
  const isMean = head.rows === "mean";
  return objectiveOf<LabelBatch>(model, head, {
    check: (argument, batch) => checkLabelBatch(argument, batch, { vocabulary, labels, context, types }),
    targetsIn: labelsIn,
    targets: ({ labels }) => ({ ...targetShape(labels.length), values: Int32Array.from(labels) }),
    targetShape,
    pooled: (states, tensors) => pooledTexts(gpu, states, tensors, given(tensors, "targets").size),
    more: isMean ? ({ ids }, tokens) => sharesOf(ids, tokens) : undefined,
    moreShapes: isMean ? shapesOfShares : undefined,
  });
}

/** The pooling of texts for contrastive training. */
export type ContrastivePooling = "mean" | "cls";

/** The factor of cosines, the inverse of the temperature 0.05 (sentence-transformers, MultipleNegativesRankingLoss). */
const scale = 20;

/**
 * Contrastive learning: the vector of each first text is nearer to that of its own second text than to those of the
 * others in the batch (Henderson et al. 2017, section 4.4). The logits are cosines times 20.
 */
export function contrastiveObjective(model: EncoderModel, pooling: ContrastivePooling): Objective<ContrastiveBatch> {
  const { gpu, config } = model;
  const isMean = pooling === "mean";
  const targets = (rows: number) => ({ shape: [rows], dtype: "i32" }) as const;
  const logits = (tensors: Tensors, settings?: LossSettings) => {
    const pairs = given(tensors, "targets").size;
    const pooled = pooledTexts(gpu, statesOf(model, tensors, settings), tensors, 2 * pairs);
    const { y } = l2Normalise(gpu, { x: pooled });
    const scaled = mul(gpu, { a: slice(y, 0, 0, pairs), b: fill(gpu, [1], scale) }).y;
    return matmul(gpu, { x: scaled, weight: contiguous(gpu, { x: slice(y, 0, pairs, 2 * pairs) }).y }).y;
  };
  return {
    gpu,
    model: config,
    routers: [],
    check: (argument, batch) => checkContrastiveBatch(argument, batch, config),
    targetsIn: pairsIn,
    inputs: ({ ids, others }) => {
      const all = [...ids, ...others];
      const rows = rowInputs(config, all, undefined);
      const [tokens = 0] = rows.ids.shape;
      return {
        ...rows,
        ...(isMean && sharesOf(all, tokens)),
        targets: { ...targets(ids.length), values: Int32Array.from(ids.keys()) },
      };
    },
    inputsFor: ({ batch, context }) => {
      const tokens = 2 * batch * context;
      const more = isMean ? shapesOfShares(tokens) : {};
      return { ...rowShapes(config, 2 * batch, tokens), ...more, targets: targets(batch) };
    },
    constants: () => bucketTensors(model),
    logits: (tensors) => logits(tensors),
    loss: (tensors, settings) => lossOf(gpu, logits(tensors, settings), given(tensors, "targets")),
  };
}
