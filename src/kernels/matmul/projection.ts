import type { Gpu } from "../../gpu/gpu.ts";
import { atLeast, fieldsOf, oneOf } from "../../options/checks.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { slice } from "../../tensor/views.ts";
import { intoOf, tensorFields } from "../define/arguments.ts";
import type { Into } from "../define/kernel.ts";
import { defineOp } from "../define/op.ts";
import { geglu, swiglu } from "../elementwise/activation.ts";
import { add } from "../elementwise/elementwise.ts";
import { rmsNorm } from "../norm/rms-norm.ts";
import { tuning } from "../tuning.ts";
import { matmul } from "./matmul.ts";
import { type GateName, gateNames, vectorSubgroupsKernel, wantsWide } from "./vector.ts";

/** The inputs of a projection. */
export interface ProjectionTensors {
  /** `[...rows, k]`, f32. */
  readonly x: Tensor;
  /**
   * `[n, k]`, or `[2 n, k]` where the projection is gated: the rows of the gates, then those of the values that they
   * scale.
   */
  readonly weight: Tensor;
  /** One for each row of the weight. */
  readonly bias?: Tensor | undefined;
  /** Weights `[k]` of an RMS norm of x. */
  readonly norm?: Tensor | undefined;
  /** `[...rows, n]`, which the result is added to. */
  readonly residual?: Tensor | undefined;
}

/** The steps around the product. */
export interface ProjectionOptions extends Into<ProjectionResult> {
  /** Added to the mean square of the norm under the root; default 0. */
  readonly eps?: number;
  /** The activation of the gates. */
  readonly gate?: GateName | undefined;
}

/** `[...rows, n]` */
export interface ProjectionResult {
  readonly y: Tensor;
}

const gated = { silu: swiglu, "gelu-tanh": geglu } as const;

function checkGated({ weight: { shape } }: Pick<ProjectionTensors, "weight">, { gate }: ProjectionOptions): void {
  if (!gate || (shape[0] ?? 0) % 2 === 0) return;
  throw new ShapeError(`projection: weight is ${formatShape(shape)}, expected two rows for each gated result`);
}

/** One kernel, in subgroups, for up to 8 rows; gated weights in one segment. */
const fused = {
  requires: ["subgroups"],
  accepts: ({ x, weight, residual }: ProjectionTensors, { gate }: ProjectionOptions, gpu: Gpu): string | undefined => {
    if (gate && residual) return "it is gated and has a residual, expected one of them";
    if (gate && weight.segments.length > 1) return `the weight has ${weight.segments.length} segments, expected one`;
    return wantsWide({ x, weight }, gpu);
  },
  record: (gpu: Gpu, tensors: ProjectionTensors, options: ProjectionOptions): ProjectionResult => {
    checkGated(tensors, options);
    return vectorSubgroupsKernel(gpu, tensors, options);
  },
};

/** The ops that the projection is made of, one after the other. */
const chain = {
  record: (gpu: Gpu, { x, weight, bias, norm, residual }: ProjectionTensors, options: ProjectionOptions) => {
    checkGated({ weight }, options);
    const { eps = 0, gate, into } = options;
    const last = into ? { into } : {};
    const normed = norm ? rmsNorm(gpu, { x, weight: norm }, { eps }).y : x;
    let { y } = matmul(gpu, { x: normed, weight, bias }, gate || residual ? {} : last);
    if (gate) {
      const [axis, n] = [x.shape.length - 1, (weight.shape[0] ?? 0) / 2];
      const factors = { gate: slice(y, axis, 0, n), up: slice(y, axis, n, 2 * n) };
      y = gated[gate](gpu, factors, residual ? {} : last).y;
    }
    return { y: residual ? add(gpu, { a: residual, b: y }, last).y : y };
  },
};

const variants = { fused, chain } as const;

/**
 * A linear layer with what comes before and after it in a transformer block, `y = residual + gate(norm(x) · weightᵀ +
 * bias)`, where norm, bias, gate and residual may be left out. Gated, the weight has two rows for each result, and `y =
 * activation(gate) · up` (Shazeer 2020).
 */
export const projection = defineOp<ProjectionTensors, ProjectionOptions, ProjectionResult, typeof variants>(
  { name: "projection", variants, order: (_tensors, _options, gpu) => tuning(gpu).projection },
  {
    tensors: tensorFields("x", "weight", "bias?", "norm?", "residual?"),
    options: fieldsOf<ProjectionOptions>({ eps: atLeast(0), gate: oneOf(...gateNames), into: intoOf("y") }),
  },
);
