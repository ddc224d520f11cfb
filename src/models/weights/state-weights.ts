// The weights of layers with a state, and these layers: loaded with a model that has them.

import type { Linear } from "../../blocks/linear.ts";
import { gatedConvolution } from "../../blocks/state/gated-convolution.ts";
import { type GatedDeltaNetWeights, gatedDeltaNet } from "../../blocks/state/gated-delta-net.ts";
import { type Mamba2Weights, mamba2 } from "../../blocks/state/mamba2.ts";
import type { Given, StateLayer } from "../../blocks/state/parts.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import type { DecoderConfig } from "../decoders/config.ts";
import type { StateSources, WeightSource } from "../decoders/family.ts";
import type { Loader } from "./loader.ts";
import type { MatrixTypes } from "./matrix-types.ts";
import type { partLoader } from "./part-loader.ts";

/** Loads layers with a state, each of the kind that the config says. */
export function stateLoader(
  loader: Loader,
  types: MatrixTypes,
  linear: ReturnType<typeof partLoader>["linear"],
  config: Pick<DecoderConfig, "eps" | "state">,
): (sources: StateSources, index: number) => () => StateLayer {
  return (sources: StateSources, index: number): (() => StateLayer) => {
    const { state: kind } = config;
    if (!kind) throw new TypeError(`layer ${index} has sources of a state, and the config says nothing of one`);
    const matrix = (key: "qkv" | "z" | "b" | "a" | "in" | "out", bias?: WeightSource): Linear => {
      const source = sources[key];
      if (!source) throw new TypeError(`layer ${index}: ${kind.kind} has no source of ${key}`);
      return linear(types.of(key, index), source, bias);
    };
    const vector = (key: "dtBias" | "decay" | "skip" | "norm"): Tensor => {
      const source = sources[key];
      if (!source) throw new TypeError(`layer ${index}: ${kind.kind} has no source of ${key}`);
      return loader.vector(source);
    };
    const convolution = loader.vector(sources.convolution);
    const bias = sources.convolutionBias && loader.vector(sources.convolutionBias);
    const shaped = () => reshape(convolution, [-1, kind.taps]);
    const out = matrix("out", sources.outBias);
    if (kind.kind === "convolution") {
      const parts = { in: matrix("in", sources.inBias), out, convolutionBias: bias };
      return () => ({ weights: { ...parts, convolution: shaped() }, run: gatedConvolution });
    }
    const recurrent = { out, dtBias: vector("dtBias"), decay: vector("decay") };
    if (kind.kind === "delta-net") {
      const { heads, valueHeads, tiled } = kind;
      const into = { qkv: matrix("qkv"), z: matrix("z"), b: matrix("b"), a: matrix("a") };
      const parts = { ...recurrent, ...into, norm: vector("norm") };
      const options = { heads, valueHeads, eps: config.eps, tiled };
      return () => ({
        weights: { ...parts, convolution: shaped() },
        run: (gpu, given: Given<GatedDeltaNetWeights>) => gatedDeltaNet(gpu, given, options),
      });
    }
    const { heads, groups, norm: normed, eps } = kind;
    const normOf = normed && { normBeforeGate: normed.gate === "after", normGroups: normed.groups };
    const parts = {
      ...recurrent,
      in: matrix("in", sources.inBias),
      convolutionBias: bias,
      skip: vector("skip"),
      norm: normed && vector("norm"),
    };
    const options = { heads, groups, eps, ...normOf };
    return () => ({
      weights: { ...parts, convolution: shaped() },
      run: (gpu, given: Given<Mamba2Weights>) => mamba2(gpu, given, options),
    });
  };
}
