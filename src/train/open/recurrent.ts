import type { FileSource } from "../../formats/source.ts";
import type { OpeningOptions } from "../../generate/load/opening.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { dropout } from "../../kernels/elementwise/dropout.ts";
import { readRecurrentConfig, recurrentShapes } from "../../models/recurrent/config.ts";
import {
  type Dropped,
  type Recurrent,
  recurrentLogits,
  recurrentOf,
  type Sources,
} from "../../models/recurrent/encoder-decoder.ts";
import { sourceNumbers, sourceShapes } from "../../models/recurrent/sources.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { refuse } from "../objectives/layer-settings.ts";
import type { LossSettings, Objective } from "../objectives/objective.ts";
import { checkPairBatch, type PairBatch, pairTargetsIn } from "../objectives/pair-batch.ts";
import { given, lossOf } from "../objectives/tensors.ts";
import { type FreshNamedOptions, freshNamed, openNamed } from "./open-named.ts";
import type { TrainableModel } from "./open-trainable.ts";

/** A trainable recurrent encoder-decoder, which `decodeGreedy` takes too. */
export interface TrainableRecurrent extends TrainableModel<PairBatch>, Recurrent {}

const kind = { read: readRecurrentConfig, shapes: recurrentShapes };

/**
 * Opens a recurrent encoder-decoder for training and decoding: gated recurrent units (Cho et al. 2014), with attention
 * by products (Luong et al. 2015), additive attention (Bahdanau et al. 2015) or none. `from` is a folder as for `loadModel`, or one of `freshRecurrent`. Its
 * weights are uploaded as f32, with the names of PyTorch's modules: `embedding`, `encoder` and `decoder` (`torch.nn.GRU`),
 * `query`, `key` and `score` of additive attention, `combine` and `head`.
 *
 * @throws OptionError for invalid options, FormatError for a file that is missing or invalid, and the reason of
 * `signal` once it aborts.
 */
export async function openRecurrent(
  gpu: Gpu,
  from: string | URL | FileSource,
  options: OpeningOptions = {},
): Promise<TrainableRecurrent> {
  const { weights, ...opened } = await openNamed(gpu, "openRecurrent", from, kind, options);
  const model = recurrentOf(gpu, opened.config, weights);
  return { ...opened, ...model, objective: recurrentObjective(model) };
}

/**
 * An in-memory folder of a recurrent encoder-decoder with fresh weights, uniform within ±1/√h, as PyTorch initialises
 * recurrent units. `config` is the content of its `config.json`: `model_type` `gru-encoder-decoder`, `vocab_size`,
 * `embedding_size`, `hidden_size`, and optionally `attention` (`none`, `dot` or `additive`), `bidirectional`,
 * `decoder_start_token_id` and `eos_token_id`.
 *
 * @throws FormatError for an invalid config; OptionError for invalid options.
 */
export const freshRecurrent = (
  config: Readonly<Record<string, unknown>>,
  options: FreshNamedOptions = {},
): FileSource =>
  freshNamed(
    "freshRecurrent",
    config,
    kind,
    ({ width }) =>
      (_, { uniform }) =>
      (i) =>
        (2 * uniform(i) - 1) / Math.sqrt(width),
    options,
  );

/** Teacher forcing: a recurrent decoder learns the next token at each position of a target, given the tokens before. */
function recurrentObjective(model: Recurrent): Objective<PairBatch> {
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
        ...sourceNumbers(sources),
        ids: { shape: [b, t], dtype: "u32", values: Uint32Array.from(ids.flat()) },
        targets: { shape: [b, t], dtype: "i32", values: Int32Array.from(targets.flat()) },
      };
    },
    inputsFor: ({ batch, context, sourceContext = context }) => ({
      ...sourceShapes(batch, sourceContext),
      ids: { shape: [batch, context], dtype: "u32" },
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
  lengths: given(tensors, "lengths"),
});

/** Dropout of embeddings and of the head's input. */
function droppedBy(gpu: Gpu, settings: LossSettings): Dropped | undefined {
  refuse("a recurrent model", settings, ["attentionDropout"]);
  const { rate = 0, key } = settings.dropout ?? {};
  return key && rate > 0 ? (x, site) => dropout(gpu, { x, key }, { rate, site }).y : undefined;
}
