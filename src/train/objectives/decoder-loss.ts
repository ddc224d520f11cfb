import type { Residual } from "../../blocks/norm.ts";
import type { Call } from "../../gpu/dispatch.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { attention, tableAttention } from "../../kernels/attention/attention.ts";
import { weightDropout } from "../../kernels/attention/dropout.ts";
import { crossEntropy, type MeanLoss } from "../../kernels/cross-entropy/cross-entropy.ts";
import { linearCrossEntropy } from "../../kernels/cross-entropy/linear.ts";
import type { LossOptions } from "../../kernels/cross-entropy/options.ts";
import { dropout } from "../../kernels/elementwise/dropout.ts";
import { gemm } from "../../kernels/gemm/gemm.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { adaptedExperts } from "../../kernels/moe/adapted-experts.ts";
import { routedExperts } from "../../kernels/moe/experts.ts";
import { route } from "../../kernels/moe/route.ts";
import {
  type Decoder,
  type ForwardInputs,
  forward,
  logits,
  normedStates,
  type RopeTables,
} from "../../models/decoder.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import { type PackedRows, packedInputs } from "../packed-rows.ts";
import { checkpoint } from "../recompute.ts";
import { routerLosses, withRouters } from "../router-losses.ts";
import type { DropoutRates, LossSettings, ModelLoss, Recompute } from "./objective.ts";

/** Results of these are kept where what is cheap is computed again. */
const costly = new Set<object>([matmul, gemm, attention, tableAttention, route, routedExperts, adaptedExperts]);

/** The first site of attention's weights, a layer each: after those of what layers add. */
const firstOfWeights = 2 ** 16;

function dropoutBy(
  gpu: Gpu,
  { rate, attention = 0, key }: DropoutRates,
): Pick<ForwardInputs, "dropout" | "weightDropout"> {
  return {
    dropout: rate > 0 ? (x, site) => dropout(gpu, { x, key }, { rate, site }).y : undefined,
    weightDropout:
      attention > 0 ? (layer) => weightDropout({ key }, { rate: attention, site: firstOfWeights + layer }) : undefined,
  };
}

const aroundLayers = (gpu: Gpu, recompute: Recompute): ForwardInputs["around"] => {
  if (recompute === "nothing") return undefined;
  const keep = recompute === "cheap" ? ({ by }: Call) => by !== undefined && costly.has(by) : undefined;
  return (layer) => checkpoint(gpu, layer, { keep });
};

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
