import { linear } from "../../blocks/linear.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { gather } from "../../kernels/embedding/gather.ts";
import { contiguous } from "../../kernels/layout/contiguous.ts";
import { reduceSegments } from "../../kernels/reduce/segments.ts";
import { bucketOf } from "../../models/encoders/buckets.ts";
import { type EncoderConfig, firstPosition } from "../../models/encoders/config.ts";
import { type EncoderModel, encode } from "../../models/encoders/encoder.ts";
import { type HeadWeights, headStates } from "../../models/encoders/heads/weights.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { reshape, slice, transpose } from "../../tensor/views.ts";
import { checkLabelBatch, type LabelBatch, labelsIn } from "./label-batch.ts";
import { stackTraining } from "./layer-settings.ts";
import { checkMaskedBatch, type MaskedBatch, maskedTargetsIn } from "./masked-batch.ts";
import type { BatchInput, InputShape, LossSettings, ModelLoss, Objective } from "./objective.ts";
import { headLoss, joinedRows, raggedRows, raggedShapes, roundedLength } from "./ragged-rows.ts";
import { given, modelLoss } from "./tensors.ts";
import { ignored } from "./token-batches.ts";

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

/** The share of tokens that are hidden where no batch says so. */
const usualShare = 0.15;

/** Tokens whose targets count, filled up with token 0, which does not. */
const shapesOfCounted = (count: number) => {
  const shape = [roundedLength(count)];
  return { picked: { shape, dtype: "u32" }, pickedTargets: { shape, dtype: "i32" } } as const;
};

/** Positions in concatenated rows of the targets that count, with these targets. */
function countedTargets({ targets }: MaskedBatch) {
  const all = targets.flat().flatMap((target, at) => (target === ignored ? [] : [[at, target] as const]));
  const { picked, pickedTargets } = shapesOfCounted(Math.max(1, all.length));
  const [size] = picked.shape;
  const positions = Uint32Array.from({ length: size ?? 0 }, (_, i) => all[i]?.[0] ?? 0);
  const values = Int32Array.from({ length: size ?? 0 }, (_, i) => all[i]?.[1] ?? ignored);
  return { picked: { ...picked, values: positions }, pickedTargets: { ...pickedTargets, values } };
}

/**
 * Masked language modelling: an encoder learns to predict hidden tokens (Devlin et al. 2018, section 3.1). In training
 * the head only reads the states of these.
 */
export function maskedObjective(model: EncoderModel, head: HeadWeights): Objective<MaskedBatch> {
  const { gpu } = model;
  const targetShape = (_rows: number, tokens: number) => ({ shape: [tokens], dtype: "i32" }) as const;
  return objectiveOf<MaskedBatch>(model, head, {
    check: (argument, batch) => checkMaskedBatch(argument, batch, model.config),
    targetsIn: maskedTargetsIn,
    targets: ({ targets }, tokens) => ({ ...targetShape(0, tokens), values: joinedRows(targets, tokens, ignored) }),
    targetShape,
    pooled: (states) => states,
    counted: (states, tensors) => ({
      x: gather(gpu, { ids: given(tensors, "picked"), table: states }).y,
      targets: given(tensors, "pickedTargets"),
    }),
    more: countedTargets,
    moreShapes: (tokens) => shapesOfCounted(Math.ceil(usualShare * tokens)),
  });
}

/** Text classification, by a head that reads a text's first state or the mean of all. */
export function labelObjective(model: EncoderModel, head: HeadWeights): Objective<LabelBatch> {
  const { gpu, config } = model;
  const labels = head.output.weight.shape[0] ?? 0;
  const { vocabulary, context, types } = config;
  const targetShape = (rows: number) => ({ shape: [rows], dtype: "i32" }) as const;
  const sharesShape = (tokens: number) => ({ shares: { shape: [tokens], dtype: "f32" } }) as const;
  const shares = ({ ids }: LabelBatch, tokens: number) => {
    const values = new Float32Array(tokens);
    values.set(ids.flatMap(({ length }) => new Array<number>(length).fill(1 / length)));
    return { shares: { ...sharesShape(tokens).shares, values } };
  };
  return objectiveOf<LabelBatch>(model, head, {
    check: (argument, batch) => checkLabelBatch(argument, batch, { vocabulary, labels, context, types }),
    targetsIn: labelsIn,
    targets: ({ labels }) => ({ ...targetShape(labels.length), values: Int32Array.from(labels) }),
    targetShape,
    pooled: (states, { shares, ...tensors }) => {
      const rows = given(tensors, "targets").size;
      const offsets = given(tensors, "offsets");
      // The last of them is the remaining tokens.
      if (!shares) return gather(gpu, { ids: slice(offsets, 0, 0, rows), table: states }).y;
      const segments = { x: states, weights: shares, offsets: slice(offsets, 0, 0, rows + 1) };
      return reduceSegments(gpu, segments, { operation: "sum" }).y;
    },
    more: head.rows === "mean" ? shares : undefined,
    moreShapes: head.rows === "mean" ? sharesShape : undefined,
  });
}
