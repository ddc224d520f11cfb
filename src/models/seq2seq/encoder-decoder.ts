import { type CrossBlockWeights, type CrossKeys, crossBlock, crossKeys } from "../../blocks/cross-block.ts";
import { type EncoderInputs, encoderBlock } from "../../blocks/encoder-block.ts";
import type { KvCache } from "../../blocks/kv-cache/cache.ts";
import { layerTraining, type StackTraining } from "../../blocks/layer-training.ts";
import { isStep, linear, project } from "../../blocks/linear.ts";
import { addNorm, norm, type Residual, summed } from "../../blocks/norm.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { add } from "../../kernels/elementwise/elementwise.ts";
import { gather, gatherPositions, gatherStep } from "../../kernels/embedding/gather.ts";
import type { RaggedLayout } from "../../kernels/kv-cache/layouts/ragged.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape, slice } from "../../tensor/views.ts";
import type { EncoderDecoderConfig, StackConfig } from "./config.ts";
import type { StackWeights } from "./stack-weights.ts";
import type { EncoderDecoderWeights } from "./weights.ts";

/** An encoder-decoder on the GPU: its settings and weights. */
export interface EncoderDecoderModel {
  readonly gpu: Gpu;
  readonly config: EncoderDecoderConfig;
  readonly weights: EncoderDecoderWeights;
}

/**
 * Sources, one after the other: their tokens, u32 `[s]`, the position of each, and where each begins, `[sources + 1]`.
 */
interface SourceInputs {
  readonly ids: Tensor;
  readonly positions: Tensor;
  readonly offsets: Tensor;
  readonly training?: StackTraining | undefined;
}

/** The inputs of a run of the decoder. */
export interface TargetInputs {
  /** Token ids `[b, t]`; unset: each row's last token, from the step. */
  readonly ids?: Tensor | undefined;
  readonly batch: number;
  readonly step: Tensor;
  readonly cache: KvCache;
  /** Maximum number of cached tokens visible. */
  readonly visible: number;
  /** The sources' keys and values for each layer, and which batch rows read which. */
  readonly cross: readonly CrossKeys[];
  readonly sources: RaggedLayout;
}

/** The inputs of a decoder pass over given tokens, each row from position 0 on, without a cache. */
interface ForcedInputs {
  /** Token ids `[b, t]`. */
  readonly ids: Tensor;
  /** The sources' states `[s, c]`, and which rows read which. */
  readonly states: Tensor;
  readonly sources: RaggedLayout;
  readonly training?: StackTraining | undefined;
}

const shapeOf = ({ activation, norms, scoreScale }: EncoderDecoderConfig, { heads, headWidth }: StackConfig) => ({
  heads,
  headWidth,
  activation,
  norms,
  ...(scoreScale === undefined ? {} : { scale: scoreScale }),
});

/** The bias by distance of a stack's scores, if it has one. */
const scoreOf = ({ relativeBias: table }: StackWeights) =>
  table ? { score: { kind: "signed-relative-bias", table } as const } : {};

/** Rows of embeddings with their additions, normed where they are `[b, t, c]`. */
function embedded(gpu: Gpu, tokens: Tensor, positions: Tensor | undefined, stack: StackWeights, b: number): Tensor {
  const sum = positions ? add(gpu, { a: tokens, b: positions }).y : tokens;
  const x = reshape(sum, [b, -1, sum.shape.at(-1) ?? 0]);
  const normed = stack.embeddingNorm ? norm(gpu, x, stack.embeddingNorm) : x;
  gpu.tap("embedding", normed);
  return normed;
}

/** The residual stream from embeddings on. */
function entered(gpu: Gpu, training: StackTraining | undefined, embed: () => Tensor): Residual {
  return gpu.within("embedding", () => ({ sum: training?.dropout ? training.dropout(embed(), 0) : embed() }));
}

/** Runs a layer, wrapped as training requires. */
const run = (training: StackTraining | undefined, layer: () => Residual): Residual =>
  training?.around ? training.around(layer) : layer();

/** The states at the end of a stack. */
const ended = (gpu: Gpu, stream: Residual, { finalNorm }: StackWeights): Tensor =>
  finalNorm ? gpu.within("norm", () => addNorm(gpu, stream, finalNorm).y) : summed(gpu, stream);

/**
 * The states `[s, c]` of the sources' tokens; each sees only its own source. While recording, taps are `embedding`,
 * `encoder.N.output`, and `encoder.output` after the last norm.
 */
export function encodeSources({ gpu, config, weights }: EncoderDecoderModel, inputs: SourceInputs): Tensor {
  const { encoder } = weights;
  const { ids, positions, offsets, training } = inputs;
  let stream = entered(gpu, training, () => {
    const tokens = gather(gpu, { ids, table: encoder.embedding }, { scale: config.embeddingScale ?? 1 }).y;
    const places = encoder.positions && gather(gpu, { ids: positions, table: encoder.positions }).y;
    return embedded(gpu, tokens, places, encoder, 1);
  });
  const layout = { kind: "ragged", queryOffsets: offsets, keyOffsets: offsets } as const;
  const visible: EncoderInputs = { layout, ...scoreOf(encoder) };
  const shape = shapeOf(config, config.encoder);
  for (const [layer, block] of encoder.blocks.entries()) {
    const before = stream;
    const sees = { ...visible, training: layerTraining(training, layer) };
    stream = run(training, () => encoderBlock(gpu, `encoder.${layer}`, before, sees, block, shape));
    if (gpu.isTapped(`encoder.${layer}.output`)) gpu.tap(`encoder.${layer}.output`, summed(gpu, stream));
  }
  const states = ended(gpu, stream, encoder);
  gpu.tap("encoder.output", states);
  return reshape(states, [-1, config.width]);
}

/** A decoder layer's keys and values of the sources' states `[s, c]`. While recording, a tap is `decoder.N.cross.k`. */
function crossOfLayer(gpu: Gpu, layer: number, states: Tensor, { cross }: CrossBlockWeights): CrossKeys {
  return gpu.within(`decoder.${layer}.cross`, () => {
    const found = crossKeys(gpu, states, cross);
    gpu.tap(`decoder.${layer}.cross.k`, found.keys);
    return found;
  });
}

/** Each decoder layer's keys and values of the sources' states `[s, c]`: computed once per source. */
export const crossOf = ({ gpu, weights }: EncoderDecoderModel, states: Tensor): CrossKeys[] =>
  weights.decoder.blocks.map((block, layer) => crossOfLayer(gpu, layer, states, block));

/**
 * The head's input states `[b · t, c]` for given tokens, as `decodeTargets` computes them, but with each row from
 * position 0 on and without a cache, so that they have gradients.
 */
export function forcedStates({ gpu, config, weights }: EncoderDecoderModel, inputs: ForcedInputs): Tensor {
  const { decoder } = weights;
  const { ids, states, sources, training } = inputs;
  const [b = 1, t = 1] = ids.shape;
  let stream = entered(gpu, training, () => {
    const scale = config.embeddingScale ?? 1;
    const tokens = gather(gpu, { ids: reshape(ids, [b * t]), table: decoder.embedding }, { scale }).y;
    const places = decoder.positions && slice(decoder.positions, 0, 0, t);
    return embedded(gpu, reshape(tokens, [b, t, config.width]), places, decoder, b);
  });
  const shape = shapeOf(config, config.decoder);
  for (const [layer, block] of decoder.blocks.entries()) {
    const before = stream;
    stream = run(training, () => {
      const cross = crossOfLayer(gpu, layer, states, block);
      const seen = { cross, sources, training: layerTraining(training, layer) ?? {}, ...scoreOf(decoder) };
      return crossBlock(gpu, `decoder.${layer}`, before, seen, block, shape);
    });
  }
  const found = gpu.within("head", () => ended(gpu, stream, decoder));
  gpu.tap("decoder.output", found);
  return reshape(found, [b * t, config.width]);
}

/**
 * The logits `[b · t, v]` of the next tokens of the batch rows. While recording, taps are `embedding`, those of
 * `crossBlock`, and `decoder.output`, the head's input states.
 */
export function decodeTargets({ gpu, config, weights }: EncoderDecoderModel, inputs: TargetInputs): Tensor {
  const { decoder, head } = weights;
  const { ids, batch, step, cache, visible, cross, sources } = inputs;
  const t = ids?.shape[1] ?? 1;
  const scale = config.embeddingScale ?? 1;
  let stream: Residual = gpu.within("embedding", () => {
    const table = decoder.embedding;
    const tokens = ids
      ? gather(gpu, { ids: reshape(ids, [batch * t]), table }, { scale }).y
      : gatherStep(gpu, { step, table }, { rows: batch, scale }).y;
    const { positions } = decoder;
    const places = positions && gatherPositions(gpu, { step, table: positions }, { rows: batch, tokens: t }).y;
    return { sum: embedded(gpu, tokens, places, decoder, batch) };
  });
  const shape = shapeOf(config, config.decoder);
  for (const [layer, block] of decoder.blocks.entries()) {
    const [own, read] = [cache[layer], cross[layer]];
    if (!own || !read) throw new TypeError(`layer ${layer} of ${config.decoder.layers} has no cache`);
    const seen = { earlier: { cache: own, step, visible }, cross: read, sources, ...scoreOf(decoder) };
    stream = crossBlock(gpu, `decoder.${layer}`, stream, seen, block, shape);
  }
  const { finalNorm } = decoder;
  const logits = gpu.within("head", () => {
    const isPlain = finalNorm?.kind === "rms" && isStep(stream) && !stream.update && !gpu.isTapped("decoder.output");
    if (isPlain) return project(gpu, stream.sum, head, { norm: finalNorm });
    const states = ended(gpu, stream, decoder);
    gpu.tap("decoder.output", states);
    return linear(gpu, states, head);
  });
  gpu.tap("logits", logits);
  return reshape(logits, [batch * t, config.vocabulary]);
}
