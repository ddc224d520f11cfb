import type { Gpu } from "../../gpu/gpu.ts";
import type { Replacement } from "../../gpu/program/program.ts";
import type { Storage } from "../../gpu/storage.ts";
import { add, mul, sub } from "../../kernels/elementwise/elementwise.ts";
import { Tensor, zeros } from "../../tensor/tensor.ts";
import { writeInto } from "../gradients/write-into.ts";
import type { Parameter } from "../open/parameters.ts";
import type { Trained } from "./groups.ts";

/** Exponential means of weights. */
export interface Averages {
  /** The same parameters, each with the mean in place of its tensor. */
  readonly parameters: readonly Parameter[];
  /** The weight of step `step` in the mean. */
  readonly scalars: (step: number) => readonly number[];
  readonly taken: Tensor;
  /** Records the mean's update from the weights at that point of the recording. */
  readonly record: (gpu: Gpu) => void;
  /** Means in place of weights. */
  readonly replacements: ReadonlyMap<Storage, Replacement>;
  dispose(): void;
}

/**
 * Means of weights, initially the weights themselves: `e ← e + (1 − δ)·(p − e)`, where δ is at most
 * `(1 + t) / (10 + t)` in step t, so that the initial weights are forgotten.
 */
export function averagesOf(gpu: Gpu, trained: readonly Trained[], kept: number): Averages {
  const taken = zeros(gpu, [1], "f32", "share of new weights");
  const twins = new Map<Storage, Tensor>();
  // Weights may share memory, and bindings at an offset must find their means there.
  const twinOf = (storage: Storage): Tensor => {
    const known = twins.get(storage);
    if (known) return known;
    const elements = storage.bytes / 4;
    const twin = zeros(gpu, [elements], "f32", `${storage.label} ema`);
    writeInto(gpu, new Tensor(gpu, [elements], "f32", [{ storage, begin: 0, end: elements }]), twin);
    twins.set(storage, twin);
    return twin;
  };
  const pairs = trained.map(({ state: _, decay: __, ...parameter }) => {
    const { shape, segments, strides, offset } = parameter.tensor;
    const own = segments.map((segment) => ({ ...segment, storage: twinOf(segment.storage).storage }));
    return { parameter, weights: parameter.tensor, mean: new Tensor(gpu, shape, "f32", own, strides, offset) };
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
    replacements: new Map([...twins].map(([storage, twin]) => [storage, { storage: twin.storage, offset: 0 }])),
    dispose: () => {
      for (const twin of twins.values()) twin.dispose();
      taken.dispose();
    },
  };
}
