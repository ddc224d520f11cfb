// Figures of steps, from the numbers that their programs left on the device.
import type { Figures } from "./programs.ts";
import type { TrainingStep } from "./results.ts";
import { byLayer, type Router } from "./routing.ts";

/** Indices of a program's figures among the numbers. */
export type Places = { readonly [K in keyof Figures]?: number };

/** A step whose figures are still on the device. */
export interface Pending {
  readonly step: number;
  readonly learningRate: number;
  /** Each micro-batch's share of the step's targets, and where its figures are. */
  readonly parts: readonly (readonly [share: number, at: Places])[];
  /** Where those of the step itself are. */
  readonly whole: Places;
}

const choicesOf = (routers: readonly Router[]) => routers.reduce((sum, { experts }) => sum + experts, 0);

/** Numbers that a step of so many micro-batches leaves at most. */
export const numbersOf = (routers: readonly Router[], parts: number): number => 2 * parts + 2 + choicesOf(routers);

/** How experts were used; nothing for a model without experts. */
export function useOf({ use }: Places, numbers: Float32Array, routers: readonly Router[]) {
  if (use === undefined) return {};
  return { expertUse: byLayer(routers, numbers.subarray(use, use + choicesOf(routers))) };
}

/** The figures of a step. */
export function stepOf(
  { step, learningRate, parts, whole }: Pending,
  numbers: Float32Array,
  routers: readonly Router[],
): TrainingStep {
  const at = (index: number | undefined) => numbers[index ?? -1] ?? Number.NaN;
  const mean = (figure: "loss" | "balance") =>
    parts.reduce((sum, [share, places]) => sum + (share > 0 ? share * at(places[figure]) : 0), 0);
  const gradientNorm = at(whole.clip);
  const auxiliaryLoss = routers.length > 0 ? { auxiliaryLoss: mean("balance") } : {};
  return {
    step,
    loss: mean("loss"),
    gradientNorm,
    learningRate,
    skipped: !Number.isFinite(gradientNorm),
    ...auxiliaryLoss,
    ...useOf(whole, numbers, routers),
  };
}
