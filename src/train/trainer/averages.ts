import type { Gpu } from "../../gpu/gpu.ts";
import type { Replacement } from "../../gpu/program.ts";
import type { Storage } from "../../gpu/storage.ts";
import { add, mul, sub } from "../../kernels/elementwise/elementwise.ts";
import { type Tensor, zeros } from "../../tensor/tensor.ts";
import type { Parameter } from "../parameters.ts";
import { writeInto } from "../write-into.ts";
import type { Trained } from "./groups.ts";

/** Exponential means of weights. */
export interface Averages {
  /** The parameters as they were, each with the mean in place of its tensor. */
  readonly parameters: readonly Parameter[];
  /** What the mean of step `step` takes from the weights. */
  readonly scalars: (step: number) => readonly number[];
  readonly taken: Tensor;
  /** Records the mean of the weights as they are at that point of the recording. */
  readonly record: (gpu: Gpu) => void;
  /** Means in place of weights. */
  readonly replacements: ReadonlyMap<Storage, Replacement>;
  dispose(): void;
}

/**
 * Means of weights, at first the weights themselves: `e ← e + (1 − δ)·(p − e)`, where δ is at most `(1 + t) / (10 + t)` in
 * step t, so that the first weights are forgotten.
 */
export function averagesOf(gpu: Gpu, trained: readonly Trained[], kept: number): Averages {
  const taken = zeros(gpu, [1], "f32", "share of new weights");
  const pairs = trained.map(({ state: _, decay: __, ...parameter }) => {
    const { name, tensor: weights } = parameter;
    const mean = zeros(gpu, weights.shape, "f32", `${name} ema`);
    writeInto(gpu, weights, mean);
    return { parameter, weights, mean };
  });
  const record = () => {
    for (const { weights, mean } of pairs) {
      const step = mul(gpu, { a: sub(gpu, { a: weights, b: mean }).y, b: taken }).y;
      writeInto(gpu, add(gpu, { a: mean, b: step }).y, mean);
    }
  };
  return {
    parameters: pairs.map(({ parameter, mean }) => ({ ...parameter, tensor: mean })),
    scalars: (step) => [1 - Math.min(kept, (1 + step) / (10 + step))],
    taken,
    record,
    replacements: new Map(pairs.map(({ weights, mean }) => [weights.storage, { storage: mean.storage, offset: 0 }])),
    dispose: () => {
      for (const { mean } of pairs) mean.dispose();
      taken.dispose();
    },
  };
}
