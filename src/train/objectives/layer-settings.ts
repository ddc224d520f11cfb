// What settings of a loss do to the layers of a model.
import type { StackTraining } from "../../blocks/layer-training.ts";
import type { Call } from "../../gpu/dispatch.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { attention, tableAttention } from "../../kernels/attention/attention.ts";
import { weightDropout } from "../../kernels/attention/dropout.ts";
import { dropout } from "../../kernels/elementwise/dropout.ts";
import { gemm } from "../../kernels/gemm/gemm.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { adaptedExperts } from "../../kernels/moe/adapted-experts.ts";
import { routedExperts } from "../../kernels/moe/experts.ts";
import { route } from "../../kernels/moe/route.ts";
import { checkpoint } from "../recompute.ts";
import type { DropoutRates, LossSettings, Recompute } from "./objective.ts";

/** Results of these are kept where what is cheap is computed again. */
const costly = new Set<object>([matmul, gemm, attention, tableAttention, route, routedExperts, adaptedExperts]);

/** The first site of attention's weights, a layer each: after those of what layers add. */
const firstOfWeights = 2 ** 16;

/** What drops elements and weights of layers, whose sites are numbered from `first` on. */
export function dropoutBy(
  gpu: Gpu,
  { rate, attention = 0, key }: DropoutRates,
  first = 0,
): Pick<StackTraining, "dropout" | "weightDropout"> {
  return {
    dropout: rate > 0 ? (x, site) => dropout(gpu, { x, key }, { rate, site: first + site }).y : undefined,
    weightDropout:
      attention > 0
        ? (site) => weightDropout({ key }, { rate: attention, site: firstOfWeights + first + site })
        : undefined,
  };
}

/** What runs each layer so that it is computed again before its gradients; undefined where nothing is. */
export const aroundLayers = (gpu: Gpu, recompute: Recompute): StackTraining["around"] => {
  if (recompute === "nothing") return undefined;
  const keep = recompute === "cheap" ? ({ by }: Call) => by !== undefined && costly.has(by) : undefined;
  return (layer) => checkpoint(gpu, layer, { keep });
};

/** What a loss's settings do to a stack of layers; two stacks of a model drop by sites of their own, from `first` on. */
export const stackTraining = (
  gpu: Gpu,
  { recompute = "nothing", dropout: rates }: LossSettings,
  first = 0,
): StackTraining => ({ around: aroundLayers(gpu, recompute), ...(rates && dropoutBy(gpu, rates, first)) });
