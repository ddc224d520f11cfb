import type { DType, Gpu, Tensor } from "../../../../src/index.ts";
import * as library from "../../../../src/index.ts";

/** A function, and the arguments of calls of it: between them they have every object that a call may have. */
export interface PublicCalls {
  readonly of: unknown;
  /** The object that it is a method of. */
  readonly on?: object;
  readonly calls: readonly (readonly unknown[])[];
  /**
   * True where calls are not made without a mistake: they do more than to note work, or not every one is for a cache.
   */
  readonly runs?: boolean;
}

/** What calls are made of, on a device. */
export const made = (gpu: Gpu) => ({
  zeros: (shape: readonly number[], dtype: DType = "f32"): Tensor => library.zeros(gpu, shape, dtype, "zeros"),
  /** Calls whose first argument is the device. */
  call: (of: unknown, ...calls: PublicCalls["calls"]): PublicCalls => ({
    of,
    calls: calls.map((given) => [gpu, ...given]),
  }),
  plain: (of: unknown, ...calls: PublicCalls["calls"]): PublicCalls => ({ of, calls }),
});
