import type { Residual } from "../../blocks/norm.ts";
import { crossEntropy, type MeanLoss } from "../../kernels/cross-entropy/cross-entropy.ts";
import { linearCrossEntropy } from "../../kernels/cross-entropy/linear.ts";
import type { LossOptions } from "../../kernels/cross-entropy/options.ts";
import { type Decoder, forward, logits, normedStates, type RopeTables } from "../../models/decoder.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import { type PackedRows, packedInputs } from "../packed-rows.ts";
import { routerLosses, withRouters } from "../router-losses.ts";
import { aroundLayers, dropoutBy } from "./layer-settings.ts";
import type { LossSettings, ModelLoss } from "./objective.ts";

/** A batch of tokens with the token that follows each. */
export interface Batch {
  /** u32 `[b, t]` */
  readonly ids: Tensor;
  /** i32 or u32 `[b, t]`; −100 where the prediction does not count. */
  readonly targets: Tensor;
  /** Where rows hold several documents; unset: each is one sequence. */
  readonly packed?: PackedRows | undefined;
}

/** What a decoder's loss is computed with. */
export interface DecoderLossOptions extends LossOptions, LossSettings {
  /** Cosines and sines, from `createRopeTables`, of at least t positions; for models that rotate. */
  readonly ropeTables?: RopeTables | undefined;
}

/**
 * The mean cross-entropy of a decoder's predictions, each row of the batch a sequence from position 0 on, or
 * several (`packed`). The calls have gradients: no cache, and weights of f32 or f16.
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

/** The loss of the head's logits, which are whole in memory only where they are few, or the head's weight is packed. */
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
