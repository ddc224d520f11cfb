import type { Gpu } from "../../gpu/gpu.ts";
import { dropout } from "../../kernels/elementwise/dropout.ts";
import { type Dropped, type Recurrent, recurrentLogits, type Sources } from "../../models/recurrent/encoder-decoder.ts";
import { byPosition, sourceNumbers, sourceShapes } from "../../models/recurrent/sources.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { LossSettings, Objective } from "./objective.ts";
import { checkPairBatch, type PairBatch, pairTargetsIn } from "./pair-batch.ts";
import { refuse } from "./refused-settings.ts";
import { given, lossOf } from "./tensors.ts";

/** Targets by their sources: a recurrent decoder learns what follows each token of a target, given the tokens before. */
export function recurrentObjective(model: Recurrent): Objective<PairBatch> {
  const { gpu, config } = model;
  return {
    gpu,
    model: config,
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

const sourcesIn = (tensors: Tensors): Sources => ({
  sources: given(tensors, "sources"),
  last: given(tensors, "last"),
  seen: given(tensors, "seen"),
  reversed: tensors["reversed"],
  mirror: tensors["mirror"],
});

/** Dropout of embeddings and of what the head reads. */
function droppedBy(gpu: Gpu, settings: LossSettings): Dropped | undefined {
  refuse("a recurrent model", settings, ["attentionDropout"]);
  const { rate = 0, key } = settings.dropout ?? {};
  return key && rate > 0 ? (x, site) => dropout(gpu, { x, key }, { rate, site }).y : undefined;
}
