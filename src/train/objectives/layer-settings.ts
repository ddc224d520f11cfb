import type { StackTraining } from "../../blocks/layer-training.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Call } from "../../gpu/program/dispatch.ts";
import { attention, tableAttention } from "../../kernels/attention/attention.ts";
import { weightDropout } from "../../kernels/attention/records/mod.ts";
import { dropout } from "../../kernels/elementwise/dropout.ts";
import { gemm } from "../../kernels/gemm/gemm.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { adaptedExperts } from "../../kernels/moe/adapted-experts.ts";
import { routedExperts } from "../../kernels/moe/experts.ts";
import { route } from "../../kernels/moe/route.ts";
import { OptionError } from "../../options/errors.ts";
import { checkpoint } from "../gradients/recompute.ts";
import type { DropoutRates, LossSettings, Recompute } from "./objective.ts";

// How settings of a loss affect the layers of a model.

/** Results of these are kept when only cheap ones are recomputed. */
const costly = new Set<object>([matmul, gemm, attention, tableAttention, route, routedExperts, adaptedExperts]);

/** The first site of attention weights, one per layer: after the sites of layer outputs. */
const firstOfWeights = 2 ** 16;

/** Dropout of elements and weights of layers, whose sites are numbered from `first` on. */
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

/** Runs each layer so that it is recomputed before its gradients; undefined without recomputation. */
export const aroundLayers = (gpu: Gpu, recompute: Recompute): StackTraining["around"] => {
  if (recompute === "nothing") return undefined;
  const keep = recompute === "cheap" ? ({ by }: Call) => by !== undefined && costly.has(by) : undefined;
  return (layer) => checkpoint(gpu, layer, { keep });
};

/**
 * How a loss's settings affect a stack of layers; two stacks of a model have separate dropout sites, from `first` on.
 */
export const stackTraining = (
  gpu: Gpu,
  { recompute = "nothing", dropout: rates }: LossSettings,
  first = 0,
): StackTraining => ({ around: aroundLayers(gpu, recompute), ...(rates && dropoutBy(gpu, rates, first)) });

/** Settings invalid for a model without layers. */
type Refused = "recompute" | "dropout" | "attentionDropout";

/**
 * Throws `OptionError` for settings without meaning for `what`: recomputing layers, which it lacks, and these others.
 */
export function refuse(what: string, settings: LossSettings, others: readonly Refused[]): void {
  const { recompute = "nothing", dropout: { rate = 0, attention = 0 } = {} } = settings;
  const found = { recompute, dropout: rate, attentionDropout: attention };
  const expected = { recompute: "nothing", dropout: 0, attentionDropout: 0 };
  for (const name of ["recompute", ...others] as const) {
    if (found[name] === expected[name]) continue;
    const [is, wanted] = [JSON.stringify(found[name]), JSON.stringify(expected[name])];
    throw new OptionError(`train: ${name} is ${is}, expected ${wanted} of ${what}`);
  }
}
