import biasNone from "#shaders/lib/bias/none.wgsl";
import biasVector from "#shaders/lib/bias/vector.wgsl";
import type { ShaderModule } from "../../gpu/shader/shader-module.ts";
import type { Specialisation } from "../../gpu/shader/specialise.ts";
import { ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Into, KernelContext } from "../define/kernel.ts";
import { weightPart, weightTypes } from "../formats/formats.ts";

/**
 * The inputs of every matmul kernel: `bias` is f32, `weight` any of `weightTypes`, in one or several segments along n.
 */
export interface MatmulTensors {
  /** `[...rows, k]` */
  readonly x: Tensor;
  /** `[n, k]`: one output per row, as checkpoints store it. */
  readonly weight: Tensor;
  /** `[n]` */
  readonly bias?: Tensor | undefined;
}

/** `[...rows, n]` */
export interface MatmulResult {
  readonly y: Tensor;
}

export type MatmulOptions = Into<MatmulResult>;

type Axes = Readonly<Record<"rows" | "k" | "n", number>>;

/** The common part of every matmul kernel's record. */
export const linear = {
  inputs: { x: "[...rows, k]", weight: "[n, k]", "bias?": "[n]" },
  outputs: { y: "[...rows, n]" },
  accepts: { weight: weightTypes },
  segmented: { input: "weight", axis: "n" },
  check({ k }: Axes): void {
    if (k === 0) throw new ShapeError("matmul: k is 0, expected at least 1");
  },
  params: ({ rows, k, n }: Axes, _options: object, { segment }: KernelContext) => {
    return { rows, k, n, begin: segment.begin, total: segment.total };
  },
} as const;

/** The parts for the given types and tensors. */
export function linearParts({ dtypes, gpu }: KernelContext): ShaderModule[] {
  return [weightPart(dtypes["weight"], gpu).part, dtypes["bias"] ? biasVector : biasNone];
}

/** The default specialisation, which only chooses parts. */
export function linearSpecialisation(_axes: Axes, _options: object, context: KernelContext): Specialisation {
  return { parts: linearParts(context) };
}

/** Loads and multiply-adds that a kernel executes, for `linearCost`. */
interface LinearWork {
  /** Multiply-adds, padding included. */
  readonly products: number;
  /** Bytes of x loaded. */
  readonly xBytes: number;
  /** Calls of `load_weight`. */
  readonly weights?: number;
  /** Calls of `load_weight4`. */
  readonly weightVectors?: number;
}

/** The cost of a kernel that does this work and stores each output once. */
export function linearCost({ rows, k, n }: Axes, { dtypes, gpu }: KernelContext, work: LinearWork) {
  const { one, four } = weightPart(dtypes["weight"], gpu);
  const added = dtypes["bias"] ? rows * n : 0;
  return {
    flops: 2 * rows * k * n + added,
    executedFlops: 2 * work.products + added,
    requestedBytes:
      work.xBytes + (work.weights ?? 0) * one + (work.weightVectors ?? 0) * four + 4 * rows * n + 4 * added,
  };
}

/** Why a kernel that loads four elements at a time cannot take these tensors. */
export function wantsVectors({ x }: MatmulTensors): string | undefined {
  const k = x.shape.at(-1) ?? 0;
  return k % 4 === 0 ? undefined : `k is ${k}, expected a multiple of 4 (it loads vectors)`;
}
