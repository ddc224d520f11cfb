import { type CrossKeys, crossBlock, crossKeys } from "../../blocks/cross-block.ts";
import { type EncoderInputs, encoderBlock } from "../../blocks/encoder-block.ts";
import type { KvCache } from "../../blocks/kv-cache/cache.ts";
import { linear } from "../../blocks/linear.ts";
import { addNorm, norm, type Residual, summed } from "../../blocks/norm.ts";
import { isStep, project } from "../../blocks/project.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { add } from "../../kernels/elementwise/elementwise.ts";
import { gather, gatherPositions, gatherStep } from "../../kernels/embedding/gather.ts";
import type { RaggedLayout } from "../../kernels/kv-cache/layouts/ragged.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import type { EncoderDecoderConfig } from "./config.ts";
import type { EncoderDecoderWeights, StackWeights } from "./weights.ts";

/** An encoder-decoder on the GPU: its settings and weights. */
export interface EncoderDecoderModel {
  readonly gpu: Gpu;
  readonly config: EncoderDecoderConfig;
  readonly weights: EncoderDecoderWeights;
}

/** Sources, one after the other: their tokens, u32 `[s]`, the position of each, and where each begins, `[sources + 1]`. */
export interface SourceInputs {
  readonly ids: Tensor;
  readonly positions: Tensor;
  readonly offsets: Tensor;
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
  /** What each layer reads of the sources, and which batch rows read which. */
  readonly cross: readonly CrossKeys[];
  readonly sources: RaggedLayout;
}

const shapeOf = ({ headWidth, activation, norms, scoreScale }: EncoderDecoderConfig, heads: number) => ({
  ...{ heads, headWidth, activation, norms },
  ...(scoreScale === undefined ? {} : { scale: scoreScale }),
});

/** The bias by distance of a stack's scores, where it has one. */
const scoreOf = ({ relativeBias: table }: StackWeights) =>
  table ? { score: { kind: "signed-relative-bias", table } as const } : {};

/** Rows of embeddings with what is added to them, normed where they are `[b, t, c]`. */
function embedded(gpu: Gpu, tokens: Tensor, positions: Tensor | undefined, stack: StackWeights, b: number): Tensor {
  const sum = positions ? add(gpu, { a: tokens, b: positions }).y : tokens;
  const x = reshape(sum, [b, -1, sum.shape[1] ?? 0]);
  const normed = stack.embeddingNorm ? norm(gpu, x, stack.embeddingNorm) : x;
  gpu.tap("embedding", normed);
  return normed;
}

/** The states at the end of a stack. */
const ended = (gpu: Gpu, stream: Residual, { finalNorm }: StackWeights): Tensor =>
  finalNorm ? gpu.within("norm", () => addNorm(gpu, stream, finalNorm).y) : summed(gpu, stream);

/**
 * The states `[s, c]` of the sources' tokens, each of which sees its own source alone. While recording, taps are
 * `embedding`, `encoder.N.output`, and `encoder.output` after the last norm.
 */
export function encodeSources({ gpu, config, weights }: EncoderDecoderModel, inputs: SourceInputs): Tensor {
  const { encoder } = weights;
  const { ids, positions, offsets } = inputs;
  let stream: Residual = gpu.within("embedding", () => {
    const tokens = gather(gpu, { ids, table: encoder.embedding }, { scale: config.embeddingScale ?? 1 }).y;
    const places = encoder.positions && gather(gpu, { ids: positions, table: encoder.positions }).y;
    return { sum: embedded(gpu, tokens, places, encoder, 1) };
  });
  const layout = { kind: "ragged", queryOffsets: offsets, keyOffsets: offsets } as const;
  const visible: EncoderInputs = { layout, ...scoreOf(encoder) };
  const shape = shapeOf(config, config.encoder.heads);
  for (const [layer, block] of encoder.blocks.entries()) {
    stream = encoderBlock(gpu, `encoder.${layer}`, stream, visible, block, shape);
    if (gpu.isTapped(`encoder.${layer}.output`)) gpu.tap(`encoder.${layer}.output`, summed(gpu, stream));
  }
  const states = ended(gpu, stream, encoder);
  gpu.tap("encoder.output", states);
  return reshape(states, [-1, config.width]);
}

/** What each layer of the decoder reads of the sources' states `[s, c]`: computed once a source. */
export function crossOf({ gpu, weights }: EncoderDecoderModel, states: Tensor): CrossKeys[] {
  return weights.decoder.blocks.map(({ cross }, layer) =>
    gpu.within(`decoder.${layer}.cross`, () => crossKeys(gpu, states, cross)),
  );
}

/**
 * The logits `[b · t, v]` of the tokens that follow those of the batch rows. While recording, taps are `embedding`, those of
 * `crossBlock`, and `decoder.output`, the states that the head takes.
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
  const shape = shapeOf(config, config.decoder.heads);
  for (const [layer, block] of decoder.blocks.entries()) {
    const [own, read] = [cache[layer], cross[layer]];
    if (!own || !read) throw new TypeError(`layer ${layer} of ${config.decoder.layers} has no cache`);
    const seen = { cache: own, step, visible, cross: read, sources, ...scoreOf(decoder) };
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
