// The common part of the kernels of `gemm`: operands and options, the problem as a kernel sees it, parts and costs.
import activationGelu from "#shaders/lib/activation/gelu.wgsl";
import activationGeluTanh from "#shaders/lib/activation/gelu-tanh.wgsl";
import activationRelu from "#shaders/lib/activation/relu.wgsl";
import activationSilu from "#shaders/lib/activation/silu.wgsl";
import biasVector from "#shaders/lib/bias/vector.wgsl";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Into, KernelContext } from "../define/kernel.ts";

/** Activations of the epilogue, each with the operations that its cost counts. */
const activations = {
  relu: { part: activationRelu, flops: 0 },
  silu: { part: activationSilu, flops: 4 },
  gelu: { part: activationGelu, flops: 37 },
  "gelu-tanh": { part: activationGeluTanh, flops: 11 },
} as const;

/** Names of the activations that a product may end with, as in PyTorch; `gelu-tanh` is GELU's tanh approximation. */
export type GemmActivation = keyof typeof activations;
export const gemmActivations = Object.keys(activations) as GemmActivation[];

/** The operands of a matrix product, f32 or f16, which may be views. */
export interface GemmTensors {
  /** `[...batch, m, k]`, with up to two axes before the last two. */
  readonly a: Tensor;
  /** `[...batch, k, n]`; axes that are missing or of length 1 are repeated over the batch. */
  readonly b: Tensor;
  /** `[n]`, f32. */
  readonly bias?: Tensor | undefined;
}

/** `[...batch, m, n]`, f32. */
export interface GemmResult {
  readonly y: Tensor;
}

/** The epilogue, after the sums. */
export interface GemmOptions extends Into<GemmResult> {
  /** A function of every element, after the bias; default none. */
  readonly activation?: GemmActivation | undefined;
  /** Adds the results to `into.y` instead of overwriting it; default false. */
  readonly accumulate?: boolean | undefined;
}

type Axes = Readonly<Record<"b" | "h" | "m" | "k" | "n", number>>;

/** The common part of the records. Operands have four axes here, of which two may be of length 1. */
export const gemmProblem = {
  inputs: { a: "[b, h, m, k]", b: "[b, h, k, n]" },
  accepts: { a: ["f32", "f16"], b: ["f32", "f16"] },
  strided: ["a", "b"],
} as const;

/** The problem of kernels that store results themselves. */
export const storing = {
  ...gemmProblem,
  inputs: { ...gemmProblem.inputs, "bias?": "[n]" },
  outputs: { y: "[b, h, m, n]" },
} as const;

/** `Params`. */
export function gemmParams({ b, h, m, k, n }: Axes, _options: object, { strides, offsets }: KernelContext) {
  const [aBatch = 0, aH = 0, aRow = 0, aI = 0] = strides["a"] ?? [];
  const [bBatch = 0, bH = 0, bI = 0, bColumn = 0] = strides["b"] ?? [];
  return {
    batch: b * h,
    h,
    m,
    k,
    n,
    a_first: offsets["a"] ?? 0,
    a_batch: aBatch,
    a_h: aH,
    a_row: aRow,
    a_i: aI,
    b_first: offsets["b"] ?? 0,
    b_batch: bBatch,
    b_h: bH,
    b_i: bI,
    b_column: bColumn,
  };
}

/** The parts and the constant of the epilogue. */
export const epilogue = ({ activation, accumulate = false }: GemmOptions, { dtypes }: KernelContext) => ({
  parts: [...(dtypes["bias"] ? [biasVector] : []), ...(activation ? [activations[activation].part] : [])],
  constants: { ADD: accumulate },
});

/** The work of a kernel, without its epilogue. */
export interface GemmWork {
  /** Multiply-adds, padding included. */
  readonly products: number;
  /** Elements of a and of b that are loaded. */
  readonly a: number;
  readonly b: number;
}

/** Elements that the product of a batch has in memory, each counted once. */
const distinct = (sizes: readonly number[], strides: readonly number[] = []) =>
  sizes.reduce((product, size, axis) => product * (strides[axis] === 0 ? 1 : size), 1);

/** The cost of a kernel that does this work for each product of the batch and stores each result once. */
export function gemmCost(
  { b, h, m, k, n }: Axes,
  { activation, accumulate }: GemmOptions,
  { dtypes, strides }: KernelContext,
  work: GemmWork,
  vectors: { readonly a: boolean; readonly b: boolean } = { a: false, b: false },
) {
  const results = b * h * m * n;
  const sums = (dtypes["bias"] ? 1 : 0) + (accumulate ? 1 : 0);
  const added = results * (sums + (activation ? activations[activation].flops : 0));
  const stored = (name: "a" | "b") => (dtypes[name] === "f16" ? 2 : 4);
  // A single f16 is loaded together with its neighbour.
  const loaded = (name: "a" | "b") => (vectors[name] ? stored(name) : 4);
  return {
    flops: 2 * results * k + added,
    executedFlops: 2 * b * h * work.products + added + (dtypes["bias"] ? 0 : results), // the epilogue adds 0
    requestedBytes: b * h * (work.a * loaded("a") + work.b * loaded("b")) + 4 * results * (1 + sums),
    compulsoryBytes:
      stored("a") * distinct([b, h, m, k], strides["a"]) +
      stored("b") * distinct([b, h, k, n], strides["b"]) +
      4 * (results + (dtypes["bias"] ? n : 0)),
  };
}
