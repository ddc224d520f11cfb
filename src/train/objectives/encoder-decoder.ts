import { sitesOf } from "../../blocks/layer-training.ts";
import { linear } from "../../blocks/linear.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { type EncoderDecoderModel, encodeSources, forcedStates } from "../../models/seq2seq/encoder-decoder.ts";
import { derivedStack, type StackTables, stackTables } from "../../models/seq2seq/stack-weights.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import { stackTraining } from "./layer-settings.ts";
import type { InputShape, LossSettings, Objective, StepShape } from "./objective.ts";
import { checkPairBatch, type PairBatch, pairTargetsIn } from "./pair-batch.ts";
import { headLoss, raggedRows, raggedShapes } from "./ragged-rows.ts";
import { given, modelLoss } from "./tensors.ts";

/** Options of the loss of pairs. */
export interface PairLossOptions {
  /** The share of each target's probability that is spread evenly over the vocabulary, in [0, 1); default 0. */
  readonly labelSmoothing?: number | undefined;
}

/**
 * Teacher forcing: an encoder-decoder learns the next token at each position of a target, given the tokens before and a
 * source. Sources are concatenated, each seeing only itself, and padded to the size of equally many sources of the
 * longest length.
 */
export function encoderDecoderObjective(
  model: EncoderDecoderModel,
  { labelSmoothing = 0 }: PairLossOptions = {},
): Objective<PairBatch> {
  const { gpu, config } = model;
  const { vocabulary, sourceVocabulary, encoder, decoder } = config;
  const fitted = { vocabulary, sourceVocabulary, context: decoder.context, sourceContext: encoder.context };
  const smoothing = labelSmoothing > 0 ? { smoothing: labelSmoothing } : {};
  return {
    gpu,
    model: config,
    routers: [],
    check: (argument, batch) => checkPairBatch(argument, batch, fitted),
    targetsIn: pairTargetsIn,
    inputs: ({ sources, ids, targets }) => {
      const { ids: tokens, positions, offsets } = raggedRows(sources, { first: 0, context: encoder.context });
      const shapes = targetShapes(ids.length, ids[0]?.length ?? 0);
      return {
        sources: tokens,
        positions,
        offsets,
        ids: { ...shapes.ids, values: Uint32Array.from(ids.flat()) },
        targets: { ...shapes.targets, values: Int32Array.from(targets.flat()) },
      };
    },
    inputsFor: ({ batch, context, sourceContext = context }: StepShape) => {
      const { ids: sources, ...places } = raggedShapes(batch, batch * sourceContext);
      return { sources, ...places, ...targetShapes(batch, context) };
    },
    constants: ({ ids }) => {
      const [b = 0, t = 0] = ids?.shape ?? [];
      // A target's tokens read its own source; padding has no targets.
      const queries = [...Array.from({ length: b + 1 }, (_, i) => i * t), b * t];
      return {
        queryOffsets: tensor(gpu, [b + 2], queries, "u32"),
        ...constantsOf(gpu, model),
      };
    },
    logits: (tensors) => {
      const { head } = model.weights;
      const ids = given(tensors, "ids");
      const states = recordStates(model, tensors, {});
      return reshape(
        gpu.within("head", () => linear(gpu, states, head)),
        [...ids.shape, vocabulary],
      );
    },
    loss: (tensors, settings) => {
      const { head } = model.weights;
      const targets = given(tensors, "targets");
      const x = recordStates(model, tensors, settings);
      return modelLoss(headLoss(gpu, { x, head, targets: reshape(targets, [targets.size]) }, smoothing));
    },
  };
}

/** The shapes of program inputs for targets. */
const targetShapes = (b: number, t: number) =>
  ({
    ids: { shape: [b, t], dtype: "u32" },
    targets: { shape: [b, t], dtype: "i32" },
  }) as const satisfies Readonly<Record<string, InputShape>>;

/** The head's input states `[b · t, c]`. */
function recordStates(model: EncoderDecoderModel, tensors: Readonly<Record<string, Tensor>>, settings: LossSettings) {
  const { gpu, config, weights } = model;
  const [ids, positions, offsets] = [given(tensors, "sources"), given(tensors, "positions"), given(tensors, "offsets")];
  const { encoder, decoder } = weights;
  const derived = {
    encoder: { ...encoder, ...derivedStack(gpu, encoder.stored, tablesIn(tensors, "encoder")) },
    decoder: { ...decoder, ...derivedStack(gpu, decoder.stored, tablesIn(tensors, "decoder")) },
  };
  const trained = { gpu, config, weights: { ...weights, ...derived } };
  const states = encodeSources(trained, { ids, positions, offsets, training: stackTraining(gpu, settings) });
  const sources = { kind: "ragged", queryOffsets: given(tensors, "queryOffsets"), keyOffsets: offsets } as const;
  const training = stackTraining(gpu, settings, sitesOf(config.encoder.layers));
  return forcedStates(trained, { ids: given(tensors, "ids"), states, sources, training });
}

const tableNames = ["buckets", "factors"] as const;

/** The tables of both stacks, named as a program's constants. */
const constantsOf = (gpu: Gpu, { config }: EncoderDecoderModel): Readonly<Record<string, Tensor>> =>
  Object.fromEntries(
    (["encoder", "decoder"] as const).flatMap((stack) =>
      Object.entries(stackTables(gpu, config, stack)).map(([name, table]) => [`${stack}.${name}`, table]),
    ),
  );

const tablesIn = (tensors: Readonly<Record<string, Tensor>>, stack: "encoder" | "decoder"): StackTables =>
  Object.fromEntries(tableNames.map((name) => [name, tensors[`${stack}.${name}`]]));
