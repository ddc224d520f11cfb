import { crossEntropy } from "../kernels/cross-entropy/cross-entropy.ts";
import type { LossOptions } from "../kernels/cross-entropy/options.ts";
import { type Decoder, forward, logits, type RopeTables } from "../models/decoder.ts";
import { formatShape, ShapeError } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { reshape } from "../tensor/views.ts";

/** A batch of tokens with the token that follows each. */
export interface Batch {
  /** u32 `[b, t]` */
  readonly ids: Tensor;
  /** i32 or u32 `[b, t]`; −100 where the prediction does not count. */
  readonly targets: Tensor;
}

/** What a decoder's loss is computed with. */
export interface DecoderLossOptions extends LossOptions {
  /** Cosines and sines, from `createRopeTables`, of at least t positions; for models that rotate. */
  readonly ropeTables?: RopeTables | undefined;
}

/** The loss of a batch, its logits `[b, t, v]`, and how many targets count, `[1]`. */
export interface DecoderLoss {
  /** The mean over targets that count, `[]`. */
  readonly loss: Tensor;
  readonly count: Tensor;
  readonly logits: Tensor;
}

/**
 * The mean cross-entropy of a decoder's predictions, each row of the batch a sequence from position 0 on. The calls have
 * gradients: no cache, and weights of f32 or f16.
 */
export function decoderLoss(
  decoder: Decoder,
  { ids, targets }: Batch,
  { ropeTables, ...options }: DecoderLossOptions = {},
): DecoderLoss {
  const { gpu } = decoder;
  const [b = 0, t = 0] = ids.shape;
  if (ids.shape.length !== 2 || formatShape(targets.shape) !== formatShape(ids.shape)) {
    throw new ShapeError(
      `decoderLoss: ids are ${formatShape(ids.shape)}, targets ${formatShape(targets.shape)}, expected both [b, t]`,
    );
  }
  const stream = forward(decoder, { ids, batch: b, ropeTables, place: { start: 0 }, visible: t });
  const found = logits(decoder, stream, "all");
  const rows = reshape(found, [b * t, found.shape[2] ?? 0]);
  const { loss, count } = crossEntropy(gpu, { logits: rows, targets: reshape(targets, [b * t]) }, options);
  return { loss: reshape(loss, []), count, logits: found };
}
