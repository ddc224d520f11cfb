import type { Gpu } from "../../gpu/gpu.ts";
import type { RecordedCalls } from "../../gpu/program/recording.ts";
import type { Scope } from "../../gpu/scopes.ts";
import { integer } from "../../options/checks.ts";
import { bytesPerElement } from "../../tensor/dtype.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type RowBlock, rowBlocks, slice } from "../../tensor/views.ts";
import { contiguous } from "../layout/contiguous.ts";
import type { MeanLoss, RowLosses } from "./cross-entropy.ts";
import { type LossOptions, lossChecks } from "./options.ts";

// The problem of a projection's cross-entropy: its tensors, and the pieces in which its logits are computed.

/**
 * Rows x f32 `[rows, c]`, the projection's weight `[v, c]`, f32 or f16, and bias `[v]`, and the token of each row
 * `[rows]`.
 */
export interface LinearLossTensors {
  readonly x: Tensor;
  readonly weight: Tensor;
  /** f32; unset: nothing is added to the products. */
  readonly bias?: Tensor | undefined;
  readonly targets: Tensor;
}

/** How the loss is computed, and in how large pieces. */
export interface LinearLossOptions extends LossOptions {
  /** Rows, or tokens of the vocabulary, whose logits are in memory together: a multiple of 64. Default by size. */
  readonly chunk?: number | undefined;
}

/** The mean and the rows' losses, as of `crossEntropy`. */
export interface LinearLoss extends RowLosses, MeanLoss {
  /**
   * The share of the distribution that tokens other than the target have, `[rows]`: from variants that never see a
   * whole row of logits, whose gradients need it.
   */
  readonly others?: Tensor | undefined;
}

/** Checks of the options. */
export const linearLossChecks = { ...lossChecks, chunk: integer(1, 2 ** 30) };

/** Bytes of logits up to which they are kept whole. */
const maxWhole = 2 ** 26;

/** Logits that are in memory together by default, in bytes. */
const bytesTogether = 2 ** 24;

/** Rows and tokens come in multiples of this, so that their data begins at a multiple of 256 bytes. */
const step = 256 / bytesPerElement.f32;

const inSteps = (x: number) => Math.max(step, Math.ceil(x / step) * step);

/** The sizes of a problem. Throws `ShapeError` for tensors that do not fit. */
export function linearLossSizes(tensors: LinearLossTensors, { vocabulary, chunk }: LinearLossOptions) {
  const { x, weight, bias, targets } = tensors;
  const [rows = 0, c = 0] = x.shape;
  const [v = 0, of = 0] = weight.shape;
  if (x.shape.length !== 2 || weight.shape.length !== 2 || of !== c || formatShape(targets.shape) !== `[${rows}]`) {
    const are = [x, weight, targets].map(({ shape }) => formatShape(shape)).join(", ");
    throw new ShapeError(`linearCrossEntropy: x, weight and targets are ${are}, expected [rows, c], [v, c] and [rows]`);
  }
  if (bias && formatShape(bias.shape) !== `[${v}]`) {
    throw new ShapeError(`linearCrossEntropy: bias is ${formatShape(bias.shape)}, expected [${v}], the rows of weight`);
  }
  if (vocabulary !== undefined && vocabulary > v) {
    throw new ShapeError(`linearCrossEntropy: vocabulary is ${vocabulary}, expected 1 to ${v}, the rows of weight`);
  }
  if (chunk !== undefined && chunk % step !== 0) {
    throw new ShapeError(`linearCrossEntropy: chunk is ${chunk}, expected a multiple of ${step}`);
  }
  return { rows, c, v, vocabulary: vocabulary ?? v };
}

/** The part of the bias that belongs to rows `[begin, end)` of the weight, as an operand of a product. */
export function biasOf(gpu: Gpu, bias: Tensor | undefined, begin: number, end: number): { readonly bias?: Tensor } {
  if (!bias) return {};
  if (begin === 0 && end === bias.size) return { bias };
  const part = slice(bias, 0, begin, end);
  return { bias: part.offset % step === 0 ? part : contiguous(gpu, { x: part }).y };
}

/** The chunks of rows: as many as make logits of about 16 MB. */
export function chunksOfRows(tensors: LinearLossTensors, options: LinearLossOptions): [begin: number, end: number][] {
  const { rows, v } = linearLossSizes(tensors, options);
  const size = options.chunk ?? inSteps(bytesTogether / (4 * v));
  return Array.from({ length: Math.ceil(rows / size) }, (_, i) => [i * size, Math.min(rows, (i + 1) * size)]);
}

/** The blocks of the vocabulary, likewise. */
export function blocksOfVocabulary(tensors: LinearLossTensors, options: LinearLossOptions): RowBlock[] {
  const { rows } = linearLossSizes(tensors, options);
  return rowBlocks(tensors.weight, options.chunk ?? inSteps(bytesTogether / (4 * Math.max(1, rows))));
}

/** Why a weight of several segments is not accepted; undefined for one segment. */
export const oneSegment = ({ weight }: LinearLossTensors): string | undefined =>
  weight.segments.length === 1 ? undefined : `weight has ${weight.segments.length} segments, expected one`;

/** Why logits of all rows cannot be whole in memory. */
export function wholeRefusal(tensors: LinearLossTensors, options: LinearLossOptions, gpu: Gpu): string | undefined {
  const { rows, v } = linearLossSizes(tensors, options);
  const bytes = 4 * rows * v;
  if (bytes > gpu.limits.binding) return `its logits take ${bytes} bytes, a binding ${gpu.limits.binding} here`;
  return oneSegment(tensors);
}

/** The variants in order: logits whole while they are small, then in blocks of the vocabulary. */
export function linearLossOrder(tensors: LinearLossTensors, options: LinearLossOptions) {
  const { rows, v } = linearLossSizes(tensors, options);
  const all = ["whole", "vocabularyBlocks", "rowChunks"] as const;
  return 4 * rows * v <= maxWhole ? all : ([all[1], all[2], all[0]] as const);
}

// Logits that a recording has whole are kept for their gradients, which would otherwise begin with the same product
// again. No memory is kept longer for it: nothing is recorded between the two, and the gradients are written over the
// logits.

/** Keyed by the log-sum-exp of their rows, by which the gradients find them. */
const waiting = new WeakMap<Tensor, { readonly recorded: RecordedCalls; readonly logits: Tensor }>();

/** Keeps the logits of rows with this log-sum-exp for the recording, if there is one. */
export function keepLogits(gpu: Gpu, scope: Scope, logits: Tensor, lse: Tensor): void {
  const { recorded } = gpu;
  if (recorded) waiting.set(lse, { recorded, logits: scope.keep(logits) });
}

/**
 * The logits of rows with this log-sum-exp, to be written over: only once, and only in the recording that made them.
 */
export function takeLogits(gpu: Gpu, lse: Tensor): Tensor | undefined {
  const found = waiting.get(lse);
  if (!found || found.recorded !== gpu.recorded) return undefined;
  waiting.delete(lse);
  return found.logits;
}
