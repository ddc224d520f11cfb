import boundsAxis from "#shaders/reduce/bounds/axis.wgsl";
import boundsOffsets from "#shaders/reduce/bounds/offsets.wgsl";
import segmentsSource from "#shaders/reduce/segments-backward.wgsl";
import naiveSource from "#shaders/reduce/segments-backward-naive.wgsl";
import winnerEvery from "#shaders/reduce/winner/every.wgsl";
import winnerLargest from "#shaders/reduce/winner/largest.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf, integer, oneOf, required } from "../../options/checks.ts";
import { formatShape, resolveAxis, ShapeError, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import { intoOf, tensorFields } from "../define/arguments.ts";
import { defineKernel, type Into, type KernelContext } from "../define/kernel.ts";
import { defineOp } from "../define/op.ts";
import { fill } from "../elementwise/fill.ts";
import type { AxisOptions } from "./reduce.ts";
import type { SegmentOptions, SegmentTensors } from "./segments.ts";

/** The tensors of `reduceSegments`, and the gradient of its result f32 `[n, c]`. */
export interface SegmentGradientTensors extends SegmentTensors {
  readonly dy: Tensor;
}

/** The argument of `max`, and the gradient of its result, of its shape without the axis. */
export interface MaxGradientTensors {
  readonly x: Tensor;
  readonly dy: Tensor;
}

/** The gradient of x, of its shape. */
export interface RowGradient {
  readonly dx: Tensor;
}

type SegmentCall = SegmentOptions & Into<RowGradient>;
type MaxCall = AxisOptions & Into<RowGradient>;
type Axes = Readonly<Record<"n" | "t" | "c", number>>;

interface KernelOptions {
  /** Rows of a segment, where there are no offsets. */
  readonly length?: number;
}

const shared = {
  inputs: { "x?": "[t, c]", "weights?": "[t]", "offsets?": "[ends]", dy: "[n, c]" },
  outputs: { dx: "[t, c]" },
  accepts: { offsets: ["u32"] },
  params: ({ n, t, c }: Axes, { length = 0 }: KernelOptions) => ({ n, t, c, length }),
  specialise: (_axes: object, _options: object, { dtypes }: KernelContext) => ({
    parts: [
      "offsets" in dtypes ? boundsOffsets : boundsAxis,
      "x" in dtypes ? winnerLargest : winnerEvery, // sums are called without x
    ],
  }),
} as const;

/** A thread a segment and column. */
const bySegments = defineKernel({
  ...shared,
  name: "reduce/segments-backward",
  source: segmentsSource,
  threads: ({ n, c }) => n * c,
  // As if all rows belonged to a segment and counted: the offsets and weights are on the GPU.
  cost: ({ n, t, c }, _options, { dtypes }) => {
    const [isWeighted, isMaximum] = ["offsets" in dtypes, "x" in dtypes];
    const reads = Number(isWeighted) + Number(isMaximum) * (1 + Number(isWeighted));
    return {
      flops: t * c * (isMaximum ? 2 : 1),
      requestedBytes: 4 * t * c * (1 + reads) + 4 * n * c * (isWeighted ? 3 : 1),
    };
  },
});

/** A thread an element. */
const byElements = defineKernel({
  ...shared,
  name: "reduce/segments-backward-naive",
  source: naiveSource,
  threads: ({ t, c }) => t * c,
  // Of a maximum as if all segments were as long.
  cost: ({ n, t, c }, _options, { dtypes }) => {
    const [isWeighted, isMaximum] = ["offsets" in dtypes, "x" in dtypes];
    const searched = isMaximum ? (t / Math.max(1, n)) * (isWeighted ? 2 : 1) : 0;
    return {
      flops: t * c * (1 + (isMaximum ? t / Math.max(1, n) : 0)),
      requestedBytes: 4 * t * c * (2 + (isWeighted ? 1 + 2 * n : 0) + searched),
    };
  },
});

const ofSegments =
  (kernel: typeof bySegments) =>
  (gpu: Gpu, { x, weights, offsets, dy }: SegmentGradientTensors, { operation, into }: SegmentCall): RowGradient => {
    const memory = into ? { into } : {};
    const [n = 0] = dy.shape;
    if (dy.shape.length !== 2 || offsets.shape.length !== 1 || offsets.shape[0] !== n + 1) {
      const is = `dy is ${formatShape(dy.shape)} and offsets ${formatShape(offsets.shape)}`;
      throw new ShapeError(`segments-backward: ${is}, expected [n, c] and [n + 1]`);
    }
    if (formatShape(x.shape) !== formatShape([weights.size, dy.shape[1] ?? 0])) {
      const expected = `[t, c] with t = ${weights.size} (from weights) and c = ${dy.shape[1]} (from dy)`;
      throw new ShapeError(`segments-backward: x is ${formatShape(x.shape)}, expected ${expected}`);
    }
    if (n === 0) return { dx: fill(gpu, x.shape, 0, "f32", into?.dx ? { into: { y: into.dx } } : {}) };
    return kernel(gpu, { ...(operation === "max" ? { x } : {}), weights, offsets, dy }, memory);
  };

const ofAxis =
  (kernel: typeof bySegments) =>
  (gpu: Gpu, { x, dy }: MaxGradientTensors, { axis: given, into }: MaxCall): RowGradient => {
    using scope = gpu.scope();
    const axis = resolveAxis(given, x.shape.length, "max-backward");
    const expected = x.shape.toSpliced(axis, 1);
    if (formatShape(dy.shape) !== formatShape(expected)) {
      const why = `(x is ${formatShape(x.shape)}, without axis ${axis})`;
      throw new ShapeError(`max-backward: dy is ${formatShape(dy.shape)}, expected ${formatShape(expected)} ${why}`);
    }
    const length = x.shape[axis] ?? 1;
    const inner = sizeOf(x.shape.slice(axis + 1));
    const rows = inner === 0 ? 0 : x.size / inner;
    const matrix = (of: Tensor) => reshape(of, [rows, inner]);
    const outer = inner === 0 ? 0 : dy.size / inner;
    const { dx } = kernel(
      gpu,
      { x: matrix(x), dy: reshape(dy, [outer, inner]) },
      { length, ...(into?.dx ? { into: { dx: matrix(into.dx) } } : {}) },
    );
    return { dx: into?.dx ?? scope.keep(reshape(dx, x.shape)) };
  };

const segmentVariants = {
  segments: { record: ofSegments(bySegments) },
  naive: { record: ofSegments(byElements) },
} as const;

/**
 * The gradient of {@link reduceSegments}: of a sum `dx[t] = weights[t] · dy[i]` for the rows t of segment i; of a
 * maximum the same for the first row that has it in each column, and 0 for the others (of NaN, the first that is). Rows
 * of weight 0 and of no segment get 0, for any dy. x `[t, c]`, weights `[t]`, offsets u32 `[n + 1]`, dy `[n, c]` →
 * dx like x, all else f32. Throws `ShapeError` for shapes that do not fit.
 */
export const reduceSegmentsBackward = defineOp<
  SegmentGradientTensors,
  SegmentCall,
  RowGradient,
  typeof segmentVariants
>(
  { name: "segments-backward", variants: segmentVariants, order: () => ["segments", "naive"] },
  {
    tensors: tensorFields("x", "weights", "offsets", "dy"),
    options: fieldsOf<SegmentCall>({ operation: required(oneOf("sum", "max")), into: intoOf("dx") }),
  },
);

const maxVariants = { segments: { record: ofAxis(bySegments) }, naive: { record: ofAxis(byElements) } } as const;

/**
 * The gradient of {@link max}: dy goes to the first element of the axis that has the maximum (of NaN, the first that
 * is), and the others get 0. x f32 of any shape, contiguous, dy of its shape without the axis → dx like x. Throws
 * `ShapeError` for shapes that do not fit.
 */
export const maxBackward = defineOp<MaxGradientTensors, MaxCall, RowGradient, typeof maxVariants>(
  { name: "max-backward", variants: maxVariants, order: () => ["segments", "naive"] },
  {
    tensors: tensorFields("x", "dy"),
    options: fieldsOf<MaxCall>({ axis: required(integer()), into: intoOf("dx") }),
  },
);
