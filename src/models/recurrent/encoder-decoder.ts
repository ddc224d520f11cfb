import { type AdditiveAttentionTensors, additiveAttention, luongAttention } from "../../blocks/alignment.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { tanh } from "../../kernels/elementwise/activation.ts";
import { gather } from "../../kernels/embedding/gather.ts";
import { concat } from "../../kernels/layout/concat.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import type { RecurrentTensors } from "../../kernels/recurrent/problem.ts";
import { recurrent } from "../../kernels/recurrent/recurrent.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import type { NamedWeights } from "../weights/named-weights.ts";
import type { RecurrentConfig } from "./config.ts";

/** The weights of a gated recurrent unit, which resets after the product, as PyTorch does (Cho et al. 2014). */
export type Gru = { readonly [K in "weightIh" | "weightHh" | "biasIh" | "biasHh"]-?: NonNullable<RecurrentTensors[K]> };

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
  /** The weights of additive attention. */
  readonly additive?: Pick<AdditiveAttentionTensors, "queryWeight" | "keyWeight" | "v"> | undefined;
  /** `[h, 2h]`: from attention's result and the state to the head's input. */
  readonly combine?: Tensor | undefined;
  readonly head: { readonly weight: Tensor; readonly bias: Tensor };
}

/** The unit with these names in a PyTorch checkpoint, such as `encoder.weight_ih_l0_reverse`. */
const gruOf = ({ of }: NamedWeights, prefix: string, suffix = ""): Gru => ({
  weightIh: of(`${prefix}weight_ih_l0${suffix}`),
  weightHh: of(`${prefix}weight_hh_l0${suffix}`),
  biasIh: of(`${prefix}bias_ih_l0${suffix}`),
  biasHh: of(`${prefix}bias_hh_l0${suffix}`),
});

const additiveOf = ({ of }: NamedWeights) => ({
  queryWeight: of("query.weight"),
  keyWeight: of("key.weight"),
  v: reshape(of("score.weight"), [-1]),
});

/** The model of these weights. */
export const recurrentOf = (gpu: Gpu, config: RecurrentConfig, weights: NamedWeights): Recurrent => ({
  gpu,
  config,
  embedding: weights.of("embedding.weight"),
  encoder: gruOf(weights, "encoder."),
  reverse: config.bidirectional ? gruOf(weights, "encoder.", "_reverse") : undefined,
  decoder: gruOf(weights, "decoder."),
  additive: config.attention === "additive" ? additiveOf(weights) : undefined,
  combine: config.attention === "none" ? undefined : weights.of("combine.weight"),
  head: { weight: weights.of("head.weight"), bias: weights.of("head.bias") },
});

/** Sources of a batch, padded to length s. */
export interface Sources {
  /** u32 `[b, s]` */
  readonly sources: Tensor;
  /** Tokens of each source, u32 `[b]`. */
  readonly lengths: Tensor;
}

/** Replaces the activations of a site: dropout. */
export type Dropped = (x: Tensor, site: number) => Tensor;

/** The encoder's results. */
interface Encoded {
  /** The state of each token, `[b, s, h]`; zeros after the end of a source. */
  readonly states: Tensor;
  /** The state of the last token, `[b, h]`; with two directions, the last state of each. */
  readonly last: Tensor;
}

/** Embeddings of ids u32 `[b, t]`: `[b, t, e]`. */
function embedded({ gpu, embedding }: Recurrent, ids: Tensor, drop: Dropped | undefined, site: number): Tensor {
  const { y } = gather(gpu, { ids: reshape(ids, [ids.size]), table: embedding });
  return reshape(drop ? drop(y, site) : y, [...ids.shape, embedding.shape[1] ?? 0]);
}

/** Encodes sources; padding changes no result. */
export function encode(model: Recurrent, { sources, lengths }: Sources, drop?: Dropped): Encoded {
  const { gpu, encoder, reverse } = model;
  return gpu.within("encoder", () => {
    const x = embedded(model, sources, drop, 0);
    const forward = recurrent(gpu, { x, lengths, ...encoder }, { cell: "gru" });
    if (!reverse) return { states: forward.out, last: forward.state };
    const back = recurrent(gpu, { x, lengths, ...reverse }, { cell: "gru", reverse: true });
    return {
      states: concat(gpu, [forward.out, back.out], 2),
      last: concat(gpu, [forward.state, back.state], 1),
    };
  });
}

/** The head's input, `[b, t, h]`, and with attention the weights of source tokens, `[b, t, s]`. */
interface Attended {
  readonly y: Tensor;
  readonly alignment?: Tensor;
}

/** The decoder's states after inputs `[b, t, e]`, from the state before: `[b, t, h]`, and the last, `[b, h]`. */
export const decodeSteps = ({ gpu, decoder }: Recurrent, x: Tensor, state: Tensor) =>
  gpu.within("decoder", () => recurrent(gpu, { x, state, ...decoder }, { cell: "gru" }));

/** The head's input from states of the decoder `[b, t, h]`. */
export function attend(model: Recurrent, states: Tensor, encoded: Encoded, { lengths }: Sources): Attended {
  const { gpu, additive, combine } = model;
  if (!combine) return { y: states };
  return gpu.within("attention", () => {
    const given = { query: states, keys: encoded.states, lengths };
    const { out, weights: alignment } = additive
      ? additiveAttention(gpu, { ...given, ...additive })
      : luongAttention(gpu, given, { score: "dot" });
    gpu.tap("alignment", alignment);
    const both = matmul(gpu, { x: concat(gpu, [out, states], 2), weight: combine }).y;
    return { y: tanh(gpu, { x: both }).y, alignment };
  });
}

/**
 * The logits of the token after each id, given the ids before (teacher forcing): ids u32 `[b, t]` → `[b, t, v]`.
 * Attention starts from the current state and feeds nothing to the next step, so all steps attend at once. Tap:
 * `alignment` `[b, t, s]`, the weight of each source token.
 */
export function recurrentLogits(model: Recurrent, sources: Sources, ids: Tensor, drop?: Dropped): Tensor {
  const { gpu, head } = model;
  const encoded = encode(model, sources, drop);
  const { out } = decodeSteps(model, embedded(model, ids, drop, 1), encoded.last);
  const { y } = attend(model, out, encoded, sources);
  return gpu.within("head", () => matmul(gpu, { x: drop ? drop(y, 2) : y, ...head }).y);
}
