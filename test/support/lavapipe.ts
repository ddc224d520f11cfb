import { lavapipeDriver } from "../../bench/harness/lavapipe.ts";

/**
 * The environment in which llvmpipe compiles a pipeline in the least time: with its narrowest vectors, two thirds of what
 * its widest take, and without LLVM's optimisations, another 15 % less. What is set already stays.
 */
export const quickToCompile = (): Record<string, string> => ({
  LP_NATIVE_VECTOR_WIDTH: process.env["LP_NATIVE_VECTOR_WIDTH"] ?? "128",
  GALLIVM_PERF: process.env["GALLIVM_PERF"] ?? "nopt",
});

/**
 * The environment in which another program computes on lavapipe, the same adapter on every machine that has it, and
 * compiles quickly. What is set already stays.
 */
export function onLavapipe(): Record<string, string> {
  const drivers = process.env["VK_DRIVER_FILES"] ?? lavapipeDriver();
  return { ...quickToCompile(), ...(drivers ? { VK_DRIVER_FILES: drivers } : {}) };
}
