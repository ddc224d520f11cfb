// How a trainer treats the routers of a mixture.
import { isMixture } from "../../blocks/mixture.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { concat } from "../../kernels/layout/concat.ts";
import { balanceBias } from "../../kernels/moe/balance-bias.ts";
import type { Decoder } from "../../models/decoders/decoder.ts";
import { atLeast, type Checks } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { slice } from "../../tensor/views.ts";
import { type RouterLossOptions, routerLossChecks } from "../router-losses.ts";

/** How routers are trained; without effect for models that have none. */
export interface RouterOptions extends RouterLossOptions {
  /**
   * How far a step moves the biases by which experts are chosen, in models that have them, to balance its choices;
   * default 0 (DeepSeek-V3: 0.001).
   */
  readonly biasRate?: number | undefined;
}

/** The checks of {@link RouterOptions}. */
export const routerChecks: Checks<RouterOptions> = { ...routerLossChecks, biasRate: atLeast(0) };

/** Experts of each layer with experts, and the bias by which they are chosen. */
export interface Router {
  readonly experts: number;
  readonly bias?: Tensor | undefined;
}

/** The routers of a decoder, in the order of its layers. */
export const routersOf = ({ weights }: Decoder): Router[] =>
  weights.blocks.flatMap(({ feedForward }) => {
    if (!isMixture(feedForward)) return [];
    const { router, selectionBias: bias } = feedForward;
    return [{ experts: router.weight.shape[0] ?? 0, bias }];
  });

/** Moves the biases by the sums of a step, unless the norm of its gradients is not finite. */
export function recordBalance(
  gpu: Gpu,
  routers: readonly Router[],
  sums: readonly Tensor[],
  clip: Tensor,
  rate: number,
): void {
  for (const [i, { bias }] of routers.entries()) {
    const own = sums[i];
    if (bias && own && rate > 0) balanceBias(gpu, { sums: own, bias, clip }, { rate });
  }
}

/** The choices of all experts of all layers, concatenated; undefined without layers of experts. */
export function usesOf(gpu: Gpu, routers: readonly Router[], sums: readonly Tensor[]): { readonly use?: Tensor } {
  if (sums.length === 0) return {};
  const parts = sums.map((own, i) => {
    const { experts = 0 } = routers[i] ?? {};
    return slice(own, 0, experts, 2 * experts);
  });
  return { use: concat(gpu, parts, 0) };
}

/** Numbers of all experts, split by layer. */
export function byLayer(routers: readonly Router[], numbers: ArrayLike<number>): number[][] {
  let begin = 0;
  return routers.map(({ experts }) => {
    const own = Array.from({ length: experts }, (_, i) => numbers[begin + i] ?? Number.NaN);
    begin += experts;
    return own;
  });
}
