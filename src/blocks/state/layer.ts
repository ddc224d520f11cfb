import type { Gpu } from "../../gpu/gpu.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type GatedConvolutionWeights, gatedConvolution } from "./gated-convolution.ts";
import { type GatedDeltaNetOptions, type GatedDeltaNetWeights, gatedDeltaNet } from "./gated-delta-net.ts";
import { type Mamba2Options, type Mamba2Weights, mamba2 } from "./mamba2.ts";
import type { LayerState } from "./parts.ts";

/** A layer of a block that carries a state from token to token: its weights, and what they do not say. */
export type StateLayer =
  | { readonly kind: "delta-net"; readonly weights: GatedDeltaNetWeights; readonly options: GatedDeltaNetOptions }
  | { readonly kind: "mamba"; readonly weights: Mamba2Weights; readonly options: Mamba2Options }
  | { readonly kind: "convolution"; readonly weights: GatedConvolutionWeights };

/**
 * The result of a block's layer for x `[b, t, c]`, `[b, t, c]`. With a state, the tokens go on from it, and it becomes
 * that after the last of them; without, from zeros.
 */
export function stateLayer(gpu: Gpu, x: Tensor, layer: StateLayer, state: LayerState | undefined): Tensor {
  const given = { x, ...(state ? { state, inPlace: true } : {}) };
  if (layer.kind === "delta-net") return gatedDeltaNet(gpu, { ...given, weights: layer.weights }, layer.options).y;
  if (layer.kind === "mamba") return mamba2(gpu, { ...given, weights: layer.weights }, layer.options).y;
  return gatedConvolution(gpu, { ...given, weights: layer.weights }).y;
}
