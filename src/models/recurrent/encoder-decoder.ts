// A recurrent encoder-decoder. Positions come before rows, [t, b], so that what a step reads is contiguous.
import type { Gpu } from "../../gpu/gpu.ts";
import { tanh } from "../../kernels/elementwise/activation.ts";
import { add } from "../../kernels/elementwise/elementwise.ts";
import { gather } from "../../kernels/embedding/gather.ts";
import { gemm } from "../../kernels/gemm/gemm.ts";
import { concat } from "../../kernels/layout/concat.ts";
import { contiguous } from "../../kernels/layout/contiguous.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { softmax } from "../../kernels/softmax/softmax.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape, transpose } from "../../tensor/views.ts";
import type { NamedWeights } from "../weights/named-weights.ts";
import type { RecurrentConfig } from "./config.ts";
import { type Gru, gru, gruOf } from "./gru.ts";

/** A recurrent encoder-decoder on a device. */
export interface Recurrent {
  readonly gpu: Gpu;
  readonly config: RecurrentConfig;
  /** `[v, e]` */
  readonly embedding: Tensor;
  readonly encoder: Gru;
  /** Reads sources backwards; only in a bidirectional encoder. */
  readonly reverse?: Gru | undefined;
  readonly decoder: Gru;
  /** `[h, 2h]`: from attention's result and the state to the head's input. */
  readonly combine?: Tensor | undefined;
  readonly head: { readonly weight: Tensor; readonly bias: Tensor };
}

/** The model of these weights. */
export const recurrentOf = (gpu: Gpu, config: RecurrentConfig, weights: NamedWeights): Recurrent => ({
  gpu,
  config,
  embedding: weights.of("embedding.weight"),
  encoder: gruOf(weights, "encoder."),
  reverse: config.bidirectional ? gruOf(weights, "encoder.", "_reverse") : undefined,
  decoder: gruOf(weights, "decoder."),
  combine: config.attention === "dot" ? weights.of("combine.weight") : undefined,
  head: { weight: weights.of("head.weight"), bias: weights.of("head.bias") },
});

/** Sources of a batch, padded to length s. */
export interface Sources {
  /** u32 `[s, b]` */
  readonly sources: Tensor;
  /** Row `(length − 1) · b + i` of states `[s · b, h]`, the last of source i, u32 `[b]`. */
  readonly last: Tensor;
  /** f32 `[b, 1, s]`: 0 at tokens, and after the end so low that softmax gives it 0. */
  readonly seen: Tensor;
  /** Each source reversed, then its padding, u32 `[s, b]`; for a bidirectional encoder. */
  readonly reversed?: Tensor | undefined;
  /** For each token of `sources` the row of its state among those of `reversed` `[s · b, h]`, u32 `[s · b]`. */
  readonly mirror?: Tensor | undefined;
}

/** Replaces the activations of a site: dropout. */
export type Dropped = (x: Tensor, site: number) => Tensor;

/** The encoder's results. */
interface Encoded {
  /** The state of each token, `[s, b, h]`; undefined after the end of a source. */
  readonly states: Tensor;
  /** The state of the last token, `[b, h]`; with two directions, the last state of each. */
  readonly last: Tensor;
}

/** Embeddings of ids u32 `[t, b]`: `[t, b, e]`. */
function embedded({ gpu, embedding }: Recurrent, ids: Tensor, drop: Dropped | undefined, site: number): Tensor {
  const { y } = gather(gpu, { ids: reshape(ids, [ids.size]), table: embedding });
  return reshape(drop ? drop(y, site) : y, [...ids.shape, embedding.shape[1] ?? 0]);
}

const asRows = (states: Tensor) => reshape(states, [-1, states.shape[2] ?? 0]);

/**
 * Encodes sources. States after the end of a source are computed but never read, so padding changes no result: the last
 * state is taken where the source ends.
 */
export function encode(model: Recurrent, { sources, last, reversed, mirror }: Sources, drop?: Dropped): Encoded {
  const { gpu, encoder, reverse } = model;
  return gpu.within("encoder", () => {
    const states = gru(gpu, embedded(model, sources, drop, 0), encoder);
    const end = gather(gpu, { ids: last, table: asRows(states) }).y;
    if (!reverse) return { states, last: end };
    if (!reversed || !mirror) throw new TypeError("an encoder of two directions reads reversed and mirror of a batch");
    const back = asRows(gru(gpu, embedded(model, reversed, drop, 3), reverse));
    const inOrder = reshape(gather(gpu, { ids: mirror, table: back }).y, states.shape);
    return {
      states: concat(gpu, [states, inOrder], 2),
      last: concat(gpu, [end, gather(gpu, { ids: last, table: back }).y], 1),
    };
  });
}

/** The head's input, `[b, t, h]`, and with attention the weights of source tokens, `[b, t, s]`. */
interface Attended {
  readonly y: Tensor;
  readonly alignment?: Tensor;
}

/** The head's input from states of the decoder `[t, b, h]`. */
export function attend(model: Recurrent, states: Tensor, encoded: Encoded, { seen }: Sources): Attended {
  const { gpu, combine } = model;
  const queries = transpose(states, [1, 0, 2]);
  if (!combine) return { y: contiguous(gpu, { x: queries }).y };
  return gpu.within("attention", () => {
    const memory = transpose(encoded.states, [1, 0, 2]);
    const scores = gemm(gpu, { a: queries, b: transpose(memory) }).y;
    const alignment = softmax(gpu, { x: add(gpu, { a: scores, b: seen }).y }).y;
    gpu.tap("alignment", alignment);
    const found = gemm(gpu, { a: alignment, b: memory }).y;
    const both = matmul(gpu, { x: concat(gpu, [found, queries], 2), weight: combine }).y;
    return { y: tanh(gpu, { x: both }).y, alignment };
  });
}

/**
 * The logits of the token after each id, given the ids before (teacher forcing): ids u32 `[t, b]` → `[b, t, v]`.
 * Attention starts from the current state and feeds nothing to the next step, so all steps attend at once. Tap:
 * `alignment` `[b, t, s]`, the weight of each source token.
 */
export function recurrentLogits(model: Recurrent, sources: Sources, ids: Tensor, drop?: Dropped): Tensor {
  const { gpu, decoder, head } = model;
  const encoded = encode(model, sources, drop);
  const states = gpu.within("decoder", () => gru(gpu, embedded(model, ids, drop, 1), decoder, encoded.last));
  const { y } = attend(model, states, encoded, sources);
  return gpu.within("head", () => matmul(gpu, { x: drop ? drop(y, 2) : y, ...head }).y);
}
