import { lavapipeDriver } from "../../../bench/harness/lavapipe.ts";

/**
 * The environment in which llvmpipe needs the least time where other tests run on the other core: it compiles with its
 * narrowest vectors, two thirds of what its widest take, and runs workgroups in the thread that they are sent from, 7 %
 * less than in threads of its own. What is set already stays.
 */
export const quickToCompile = (): Record<string, string> => ({
  LP_NATIVE_VECTOR_WIDTH: process.env["LP_NATIVE_VECTOR_WIDTH"] ?? "128",
  LP_NUM_THREADS: process.env["LP_NUM_THREADS"] ?? "0",
});

/** The same for kernels most of which run once: without LLVM's optimisations, another 15 % less. */
export const quickestToCompile = (): Record<string, string> => ({
  ...quickToCompile(),
  GALLIVM_PERF: process.env["GALLIVM_PERF"] ?? "nopt",
});

/**
 * The environment in which another program computes on lavapipe, the same adapter on every machine that has it, and
 * compiles quickly. What is set already stays.
 */
export function onLavapipe(): Record<string, string> {
  const drivers = process.env["VK_DRIVER_FILES"] ?? lavapipeDriver();
  return { ...quickestToCompile(), ...(drivers ? { VK_DRIVER_FILES: drivers } : {}) };
}
