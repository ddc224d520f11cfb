import type { Gpu, Instance } from "../../gpu/gpu.ts";
import { type Tensor, zeros } from "../../tensor/tensor.ts";

/** Numbers that runs of programs leave on the device until they are read together. */
export interface Ring {
  /** Numbers that there is room for before the next reading. */
  readonly room: () => number;
  /**
   * Runs a program, in so many submits, and keeps these results, f32; gives the index of the first number of each in the
   * next reading.
   */
  readonly run: (instance: Instance<unknown>, results: readonly Tensor[], submits: number) => readonly number[];
  /** The numbers since the last reading. */
  readonly read: () => Promise<Float32Array>;
  dispose(): void;
}

/** Room for so many numbers, and for several steps of the largest results. */
const numbers = 4096;

/** Memory for the numbers of runs, of which results have up to `largest`; empty at first. */
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
