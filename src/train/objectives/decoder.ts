import type { Residual } from "../../blocks/norm.ts";
import { crossEntropy, type MeanLoss } from "../../kernels/cross-entropy/cross-entropy.ts";
import { linearCrossEntropy } from "../../kernels/cross-entropy/linear.ts";
import type { LossOptions } from "../../kernels/cross-entropy/options.ts";
import {
  createRopeTables,
  type Decoder,
  forward,
  logits,
  normedStates,
  type RopeTables,
} from "../../models/decoders/decoder.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import { type PackedRows, packedInputs, positionsIn } from "../data/packed-rows.ts";
import { routerLosses, withRouters } from "../router-losses.ts";
import { routersOf } from "../trainer/routing.ts";
import { aroundLayers, dropoutBy } from "./layer-settings.ts";
import type { LossSettings, ModelLoss, Objective } from "./objective.ts";
import { given } from "./tensors.ts";
import { checkBatch, type TokenBatch, targetsIn } from "./token-batches.ts";

/** Next-token prediction: a decoder learns what follows each token of a batch. */
export function decoderObjective(decoder: Decoder): Objective<TokenBatch> {
  const { gpu, config } = decoder;
  return {
    gpu,
    model: config,
    routers: routersOf(decoder),
    check: (argument, batch) => checkBatch(argument, batch, config),
    targetsIn,
    inputs: ({ ids, targets, documents }) => {
      const shape = [ids.length, ids[0]?.length ?? 0];
      const tokens = {
        ids: { shape, dtype: "u32", values: Uint32Array.from(ids.flat()) },
        targets: { shape, dtype: "i32", values: Int32Array.from(targets.flat()) },
      } as const;
      if (!documents) return tokens;
      return {
        ...tokens,
        documents: { shape, dtype: "u32", values: Uint32Array.from(documents.flat()) },
        positions: { shape, dtype: "u32", values: Uint32Array.from(documents.flatMap(positionsIn)) },
      };
    },
    inputsFor: ({ batch, context }) => {
      const shape = [batch, context];
      return { ids: { shape, dtype: "u32" }, targets: { shape, dtype: "i32" } };
    },
    constants: ({ ids }) => {
      const { all, local } = createRopeTables(decoder, ids?.shape[1] ?? 0) ?? {};
      return { ...(all && { rope: all }), ...(local && { localRope: local }) };
    },
    logits: (tensors) => {
      const { ids, ropeTables, packed } = named(tensors);
      const [b = 0, t = 0] = ids.shape;
      const inside = packed ? packedInputs(gpu, packed) : {};
      const stream = forward(decoder, { ids, batch: b, ropeTables, place: { start: 0 }, visible: t, ...inside });
      return logits(decoder, stream, "all");
    },
    loss: (tensors, settings) => {
      const { targets, ropeTables, ...batch } = named(tensors);
      return decoderLoss(decoder, { ...batch, targets }, { ...settings, ropeTables });
    },
  };
}

/** Tensors of a program as inputs of a decoder. */
function named(tensors: Readonly<Record<string, Tensor>>) {
  const { documents, positions, rope, localRope } = tensors;
  const packed = documents && positions ? { documents, positions } : undefined;
  const ropeTables = rope && { all: rope, ...(localRope && { local: localRope }) };
  return { ids: given(tensors, "ids"), targets: given(tensors, "targets"), packed, ropeTables };
}

/** A batch of tokens with the token that follows each. */
interface Batch {
  /** u32 `[b, t]` */
  readonly ids: Tensor;
  /** i32 or u32 `[b, t]`; −100 where the prediction does not count. */
  readonly targets: Tensor;
  /** For rows of several documents; unset: each is one sequence. */
  readonly packed?: PackedRows | undefined;
}

/** Options of a decoder's loss. */
export interface DecoderLossOptions extends LossOptions, LossSettings {
  /** Cosines and sines, from `createRopeTables`, of at least t positions; for models with rotary positions. */
  readonly ropeTables?: RopeTables | undefined;
}

/**
 * The mean cross-entropy of a decoder's predictions, each row of the batch a sequence from position 0 on, or several
 * (`packed`). The calls have gradients, since there is no cache and weights are f32 or f16.
 */
export function decoderLoss(
  decoder: Decoder,
  { ids, targets, packed }: Batch,
  { ropeTables, recompute = "nothing", dropout: dropped, routers: added = {}, ...options }: DecoderLossOptions = {},
): ModelLoss {
  const { gpu } = decoder;
  const [b = 0, t = 0] = ids.shape;
  if (ids.shape.length !== 2 || formatShape(targets.shape) !== formatShape(ids.shape)) {
    throw new ShapeError(
      `decoderLoss: ids are ${formatShape(ids.shape)}, targets ${formatShape(targets.shape)}, expected both [b, t]`,
    );
  }
  const around = aroundLayers(gpu, recompute);
  const inside = {
    ...(packed ? packedInputs(gpu, packed) : {}),
    ...(dropped && dropoutBy(gpu, dropped)),
  };
  const before = gpu.recorded?.calls.length ?? 0;
  const stream = forward(decoder, { ids, batch: b, ropeTables, place: { start: 0 }, visible: t, around, ...inside });
  const routers = routerLosses(gpu, gpu.recorded?.calls.slice(before) ?? [], added);
  const { loss, count } = headLoss(decoder, stream, reshape(targets, [b * t]), options);
  const mean = reshape(loss, []);
  return { loss: mean, count, total: withRouters(gpu, mean, routers, added), routers };
}

/**
 * The loss of the head's logits, which are in memory as a whole only if they are few, or the head's weight is packed.
 */
function headLoss(decoder: Decoder, stream: Residual, targets: Tensor, options: LossOptions): MeanLoss {
  const { gpu, config, weights } = decoder;
  const { weight, bias } = weights.head;
  if (bias || (weight.dtype !== "f32" && weight.dtype !== "f16")) {
    const found = logits(decoder, stream, "all");
    return crossEntropy(gpu, { logits: reshape(found, [targets.size, found.shape[2] ?? 0]), targets }, options);
  }
  const states = normedStates(decoder, stream, "all");
  const x = reshape(states, [targets.size, config.width]);
  const cap = config.logitCap === undefined ? {} : { softcap: config.logitCap };
  return gpu.within("head", () => linearCrossEntropy(gpu, { x, weight, targets }, { ...cap, ...options }));
}
