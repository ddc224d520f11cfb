// Figures of what a counter counted, as kernels state them: bytes that are requested, and operations on floats.
import type { Counts } from "../wgsl/run/count/counter.ts";

/** Operations of each component. Comparisons, selections, conversions and changes of sign count nothing. */
const operations: Readonly<Record<string, number>> = {
  fma: 2,
  clamp: 2,
  ...Object.fromEntries(["+", "-", "*", "/", "%"].map((name) => [name, 1])),
  ...Object.fromEntries(["ceil", "floor", "fract", "max", "min", "round", "sign", "trunc"].map((name) => [name, 1])),
  ...Object.fromEntries(
    ["cos", "exp", "exp2", "inverseSqrt", "log", "log2", "pow", "sin", "sqrt", "tanh"].map((name) => [name, 1]),
  ),
};

/** Operations on floats of all threads. */
export interface FloatOperations {
  /** Two of a fused multiply-add, one of any other that computes, for each component. */
  readonly operations: number;
  /** Fused multiply-adds, for each component. */
  readonly multiplyAdds: number;
}

export function floatOperations(counts: Pick<Counts, "operations">): FloatOperations {
  const floats = counts.operations.filter(({ scalar }) => scalar === "f32" || scalar === "f16");
  return {
    operations: floats.reduce((sum, { name, count }) => sum + (operations[name] ?? 0) * count, 0),
    multiplyAdds: floats.reduce((sum, { name, count }) => sum + (name === "fma" ? count : 0), 0),
  };
}

/** Bytes of every load and store of storage buffers. */
export const requestedBytes = ({ accesses }: Counts): number =>
  accesses.reduce((sum, { variable, asked }) => sum + (variable.space === "storage" ? asked : 0), 0);
