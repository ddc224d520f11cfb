import type { Gpu } from "../../gpu/gpu.ts";
import { crossEntropy } from "../../kernels/cross-entropy/cross-entropy.ts";
import { dropout } from "../../kernels/elementwise/dropout.ts";
import { type Dropped, type Recurrent, recurrentLogits, type Sources } from "../../models/recurrent/encoder-decoder.ts";
import { byPosition, sourceNumbers, sourceShapes } from "../../models/recurrent/sources.ts";
import { OptionError } from "../../options/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import type { LossSettings, ModelLoss, Objective } from "./objective.ts";
import { checkPairBatch, type PairBatch, pairTargetsIn } from "./pair-batch.ts";

/** Targets by their sources: a recurrent decoder learns what follows each token of a target, given the tokens before. */
export function recurrentObjective(model: Recurrent): Objective<PairBatch> {
  const { gpu, config } = model;
  return {
    gpu,
    routers: [],
    check: (argument, batch) => checkPairBatch(argument, batch, config),
    targetsIn: pairTargetsIn,
    inputs: ({ sources, ids, targets }) => {
      const [b, t] = [ids.length, ids[0]?.length ?? 0];
      return {
        ...sourceNumbers(config, sources),
        ids: { shape: [t, b], dtype: "u32", values: byPosition(ids, t) },
        targets: { shape: [b, t], dtype: "i32", values: Int32Array.from(targets.flat()) },
      };
    },
    inputsFor: ({ batch, context, sourceContext = context }) => ({
      ...sourceShapes(config, batch, sourceContext),
      ids: { shape: [context, batch], dtype: "u32" },
      targets: { shape: [batch, context], dtype: "i32" },
    }),
    logits: (tensors) => recurrentLogits(model, sourcesIn(tensors), given(tensors, "ids")),
    loss: (tensors, settings) => {
      const drop = droppedBy(gpu, settings);
      const logits = recurrentLogits(model, sourcesIn(tensors), given(tensors, "ids"), drop);
      return lossOf(gpu, logits, given(tensors, "targets"));
    },
  };
}

type Tensors = Readonly<Record<string, Tensor>>;

/** The tensor of this name, which every batch has. */
function given(tensors: Tensors, name: string): Tensor {
  const found = tensors[name];
  if (!found) throw new TypeError(`a model reads ${name} of a batch`);
  return found;
}

const sourcesIn = (tensors: Tensors): Sources => ({
  sources: given(tensors, "sources"),
  last: given(tensors, "last"),
  seen: given(tensors, "seen"),
  reversed: tensors["reversed"],
  mirror: tensors["mirror"],
});

/** The mean cross-entropy of logits `[…, v]`, as many rows as there are targets. */
export function lossOf(gpu: Gpu, logits: Tensor, targets: Tensor): ModelLoss {
  const rows = reshape(logits, [targets.size, logits.shape.at(-1) ?? 0]);
  const found = crossEntropy(gpu, { logits: rows, targets: reshape(targets, [targets.size]) });
  const loss = reshape(found.loss, []);
  return { loss, count: found.count, total: loss };
}

/** Throws `OptionError` for settings that a model without layers has not. */
export function refuse(what: string, { recompute = "nothing", dropout: dropped }: LossSettings): void {
  if (recompute !== "nothing") {
    throw new OptionError(`train: recompute is "${recompute}", expected "nothing" of ${what}, which has no layers`);
  }
  if (dropped?.attention) {
    throw new OptionError(`train: attentionDropout is ${dropped.attention}, expected 0 of ${what}, which drops none`);
  }
}

/** Dropout of embeddings and of what the head reads. */
function droppedBy(gpu: Gpu, settings: LossSettings): Dropped | undefined {
  refuse("a recurrent model", settings);
  const { rate = 0, key } = settings.dropout ?? {};
  return key && rate > 0 ? (x, site) => dropout(gpu, { x, key }, { rate, site }).y : undefined;
}
