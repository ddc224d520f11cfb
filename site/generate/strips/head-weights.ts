import type { AttentionOfToken } from "../../../src/engine/engine.ts";
import type { HeadChoice } from "../../shell/tokens/head-picker.tsx";

/** Maximum bytes of the weights of all heads in one request; beyond, only the shown ones are requested. */
const most = 8 << 20;

/** True if the weights of all heads of a token can be requested together. */
export const fitAtOnce = (layers: number, heads: number, length: number): boolean =>
  4 * layers * heads * length <= most;

/** The weights of a choice: those of a head, or a mean. */
export function weightsOf(attention: AttentionOfToken, { layer, head }: HeadChoice): ArrayLike<number> {
  const { layers, heads, weights, perHead } = attention;
  if (!perHead || (layer === undefined && head === undefined)) return weights;
  const mean = new Float64Array(weights.length);
  let count = 0;
  for (let l = layer ?? 0; l < (layer === undefined ? layers : layer + 1); l++) {
    for (let h = head ?? 0; h < (head === undefined ? heads : head + 1); h++) {
      count++;
      for (let i = 0; i < mean.length; i++) mean[i] = (mean[i] ?? 0) + weightIn(attention, l, h, i);
    }
  }
  return mean.map((sum) => sum / count);
}

/** The weight of one head at a position. */
export const weightIn = (
  { heads, weights, perHead }: AttentionOfToken,
  layer: number,
  head: number,
  position: number,
): number => perHead?.[(layer * heads + head) * weights.length + position] ?? 0;

/** The position with the largest weight, of those from `first` on. */
export function strongest(weights: ArrayLike<number>, first = 0): number {
  let best = Math.min(first, weights.length - 1);
  for (let i = first; i < weights.length; i++) if ((weights[i] ?? 0) > (weights[best] ?? 0)) best = i;
  return best;
}
