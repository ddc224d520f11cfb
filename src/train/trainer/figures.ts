import type { Gpu, Instance } from "../../gpu/gpu.ts";
import { type Tensor, zeros } from "../../tensor/tensor.ts";
import type { Figures } from "./programs.ts";
import type { TrainingStep } from "./results.ts";
import { byLayer, type Router } from "./routing.ts";

// Figures of steps, from the numbers that their programs leave on the device.

/** Indices of a program's figures among the numbers. */
export type Places = { readonly [K in keyof Figures]?: number };

/** A step whose figures are still on the device. */
export interface Pending {
  readonly step: number;
  readonly learningRate: number;
  /** Each micro-batch's share of the step's targets, and the position of its figures. */
  readonly parts: readonly (readonly [share: number, at: Places])[];
  /** The position of the step's own figures. */
  readonly whole: Places;
}

const choicesOf = (routers: readonly Router[]) => routers.reduce((sum, { experts }) => sum + experts, 0);

/** Maximum numbers left by a step with so many micro-batches. */
export const numbersOf = (routers: readonly Router[], parts: number): number => 2 * parts + 2 + choicesOf(routers);

/** How experts were used; undefined for a model without experts. */
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

/** Numbers left on the device by programs until they are read together. */
export interface Ring {
  /** Space left before the next reading. */
  readonly room: () => number;
  /**
   * Runs a program, in so many submits, and keeps these f32 results; returns the index of each one's first number in
   * the next reading.
   */
  readonly run: (instance: Instance<unknown>, results: readonly Tensor[], submits: number) => readonly number[];
  /** The numbers since the last reading. */
  readonly read: () => Promise<Float32Array>;
  dispose(): void;
}

/** Capacity: so many numbers, and several steps of the largest results. */
const numbers = 4096;

/** Memory for the numbers of runs, with results of up to `largest`; initially empty. */
export function ringOf(gpu: Gpu, largest: number): Ring {
  const capacity = numbers + 4 * largest;
  const memory = zeros(gpu, [capacity], "f32", "figures of steps");
  let used = 0;
  return {
    room: () => capacity - used,
    run: (instance, results, submits) => {
      const places = results.map(({ size }) => {
        used += size;
        return used - size;
      });
      const ring = memory.storage.buffer as GPUBuffer;
      instance.run((encoder) => {
        for (const [i, { storage, offset, size }] of results.entries()) {
          const from = instance.place(storage);
          encoder.copyBufferToBuffer(from.buffer, from.offset + 4 * offset, ring, 4 * (places[i] ?? 0), 4 * size);
        }
      }, submits);
      return places;
    },
    read: async () => {
      const count = used;
      used = 0;
      if (count === 0) return new Float32Array();
      return new Float32Array(await gpu.read(memory.storage, 0, 4 * count), 0, count);
    },
    dispose: () => memory.dispose(),
  };
}
