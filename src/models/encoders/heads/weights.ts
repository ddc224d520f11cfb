import type { Linear } from "../../../blocks/linear.ts";
import { type Norm, norm } from "../../../blocks/norm.ts";
import type { Gpu } from "../../../gpu/gpu.ts";
import { gelu, geluTanh, quickGelu, relu, silu } from "../../../kernels/elementwise/activation.ts";
import { softcap } from "../../../kernels/elementwise/softcap.ts";
import { matmul } from "../../../kernels/matmul/matmul.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import type { WeightSource } from "../../decoders/family.ts";
import type { EncoderHead, FamilyHeads, HeadActivation, HeadKind } from "./head.ts";

/** A head on the GPU. */
export interface HeadWeights {
  readonly rows: EncoderHead["rows"];
  readonly dense?: Linear | undefined;
  readonly activation?: HeadActivation | undefined;
  readonly norm?: Norm | undefined;
  readonly output: Linear;
}

/** The heads of an encoder on the GPU. */
export type UploadedHeads = Readonly<Partial<Record<HeadKind, HeadWeights>>>;

/** Registers a head's weights for loading. */
interface HeadLoader {
  readonly matrix: (source: WeightSource) => Tensor;
  readonly vector: (source: WeightSource) => Tensor;
  /** Of norms, unless a head has its own. */
  readonly eps: number;
  /** `[v, c]` */
  readonly embedding: Tensor;
}

/** Registers the weights of heads for loading. What several of them read is loaded once. */
export function loadHeads(heads: FamilyHeads, { matrix, vector, eps, embedding }: HeadLoader): UploadedHeads {
  const known = new Map<string, Tensor>();
  const once = (source: WeightSource, load: (source: WeightSource) => Tensor): Tensor => {
    const tensor = known.get(source.name) ?? load(source);
    known.set(source.name, tensor);
    return tensor;
  };
  const linearOf = (weight: WeightSource, bias: WeightSource | undefined): Linear => ({
    weight: once(weight, matrix),
    bias: bias && once(bias, vector),
  });
  const loaded = Object.entries(heads).map(([kind, { rows, activation, eps: own = eps, sources }]) => {
    const { dense, denseBias, norm, normBias, output, outputBias } = sources;
    const head: HeadWeights = {
      rows,
      dense: dense && linearOf(dense, denseBias),
      activation,
      norm: norm && {
        kind: "layer",
        weight: once(norm, vector),
        bias: normBias && once(normBias, vector),
        eps: own,
      },
      output: output
        ? linearOf(output, outputBias)
        : { weight: embedding, bias: outputBias && once(outputBias, vector) },
    };
    return [kind, head] as const;
  });
  return Object.fromEntries(loaded);
}

/** The activations, of which tanh is a cap at 1. */
const activate: Readonly<
  Record<HeadActivation, (gpu: Gpu, tensors: { readonly x: Tensor }) => { readonly y: Tensor }>
> = { silu, gelu, "gelu-tanh": geluTanh, "quick-gelu": quickGelu, relu, tanh: (gpu, x) => softcap(gpu, x, { cap: 1 }) };

const project = (gpu: Gpu, x: Tensor, { weight, bias }: Linear): Tensor =>
  matmul(gpu, bias ? { x, weight, bias } : { x, weight }).y;

/** The input of a head's output layer `[n, c]`, from states `[n, c]`. */
export function headStates(gpu: Gpu, states: Tensor, head: HeadWeights): Tensor {
  return gpu.within("head", () => {
    let x = states;
    if (head.dense) x = project(gpu, x, head.dense);
    if (head.activation) x = activate[head.activation](gpu, { x }).y;
    return head.norm ? norm(gpu, x, head.norm) : x;
  });
}

/** The logits `[n, outputs]` of states `[n, c]`. */
export function headLogits(gpu: Gpu, states: Tensor, head: HeadWeights): Tensor {
  const x = headStates(gpu, states, head);
  return gpu.within("head", () => project(gpu, x, head.output));
}
