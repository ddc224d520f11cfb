import operationMax from "#shaders/reduce/operation/max.wgsl";
import operationMean from "#shaders/reduce/operation/mean.wgsl";
import operationSum from "#shaders/reduce/operation/sum.wgsl";
import threadSource from "#shaders/reduce/thread.wgsl";
import workgroupSource from "#shaders/reduce/workgroup.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { constantsOf } from "../../gpu/shader/specialise.ts";
import { fieldsOf, integer, required } from "../../options/checks.ts";
import { resolveAxis, type Shape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { intoOf, onlyX } from "../define/arguments.ts";
import { defineKernel, type Into, type KernelContext } from "../define/kernel.ts";
import { defineOp } from "../define/op.ts";
import { fill } from "../elementwise/fill.ts";
import { checkWalk, type Walk, walker, walkOver } from "../layout/walk.ts";
import { lanesFor } from "./lanes.ts";

/** The shape of a reduction: the walk over the other axes, and the reduced axis. */
interface ReduceOptions {
  readonly operation: "sum" | "mean" | "max";
  readonly walk: Walk;
  /** Shape of the result. */
  readonly shape: Shape;
  /** Length and stride of the reduced axis. */
  readonly length: number;
  readonly step: number;
}

const operations = { sum: operationSum, mean: operationMean, max: operationMax } as const;

const paramsOf = ({ operation, walk, length, step }: ReduceOptions, context: KernelContext) => ({
  ...walker(walk, context, { single: true }).params,
  length,
  step,
  initial: operation === "max" ? Number.NEGATIVE_INFINITY : 0,
});

const parts = ({ operation, walk }: ReduceOptions, context: KernelContext) => [
  operations[operation],
  ...walker(walk, context, { single: true }).parts,
];

/** A reduction with one thread per result. */
const reduceByThread = /* @__PURE__ */ defineKernel({
  name: "reduce/thread",
  source: threadSource,
  inputs: { x: "[...x]" },
  outputs: { y: "[...y]" },
  axes: (_, { shape }: ReduceOptions) => ({ y: shape }),
  strided: ["x"],
  params: (_, options, context) => paramsOf(options, context),
  specialise: (_, options, context) => ({ parts: parts(options, context) }),
  threads: ({ y }) => y,
  cost: ({ x, y }, { length }, _context, shader) => {
    const { RUN, RUNS } = constantsOf(shader, "RUN", "RUNS");
    const joined = Math.ceil(length / RUN) + Math.ceil(length / RUNS);
    return { flops: x, executedFlops: x + y * joined, requestedBytes: 4 * (x + y) };
  },
});

/** A reduction with 4, 16 or 128 threads per result, depending on the length of the axis. */
const reduceByWorkgroup = /* @__PURE__ */ defineKernel({
  name: "reduce/workgroup",
  source: workgroupSource,
  inputs: { x: "[...x]" },
  outputs: { y: "[...y]" },
  axes: (_, { shape }: ReduceOptions) => ({ y: shape }),
  strided: ["x"],
  params: (_, options, context) => paramsOf(options, context),
  specialise: (_, options, context) => ({
    parts: parts(options, context),
    constants: { ...lanesFor(options.length) },
  }),
  workgroups: ({ y }, _options, _context, shader) => [Math.ceil(y / constantsOf(shader, "RESULTS").RESULTS)],
  cost: ({ x, y }) => ({ flops: x, requestedBytes: 4 * (x + y) }),
});

type Tensors = { readonly x: Tensor };
type Result = { readonly y: Tensor };

/** The axis to reduce; a negative one counts from the last. */
export interface AxisOptions {
  readonly axis: number;
}

/** Axes at least this long are worth several threads. */
const longAxis = 256;

/** At least this many results keep a GPU busy with one thread each. */
const manyResults = 16_384;

function reduction(operation: ReduceOptions["operation"], x: Tensor, given: number): ReduceOptions {
  const axis = resolveAxis(given, x.shape.length, operation);
  const kept = <T>(list: readonly T[]) => list.filter((_, i) => i !== axis);
  const shape = kept(x.shape);
  const rest = new Tensor(x.gpu, shape, x.dtype, x.segments, kept(x.strides), x.offset);
  const walk = walkOver(shape, { x: rest });
  checkWalk(operation, walk);
  return { operation, walk, shape, length: x.shape[axis] ?? 1, step: x.strides[axis] ?? 0 };
}

const fields = fieldsOf<AxisOptions & Into<Result>>({ axis: required(integer()), into: intoOf("y") });

function defineReduce(operation: ReduceOptions["operation"], overNothing: number) {
  const by =
    (kernel: typeof reduceByThread) =>
    (gpu: Gpu, { x }: Tensors, { axis, into }: AxisOptions & Into<Result>): Result => {
      const options = { ...reduction(operation, x, axis), ...(into ? { into } : {}) };
      if (options.length === 0) return { y: fill(gpu, options.shape, overNothing, "f32", into ? { into } : {}) };
      return kernel(gpu, { x }, options);
    };
  const variants = { thread: { record: by(reduceByThread) }, workgroup: { record: by(reduceByWorkgroup) } } as const;
  return defineOp<Tensors, AxisOptions & Into<Result>, Result, typeof variants>(
    {
      name: operation,
      variants,
      order: ({ x }, { axis }) => {
        const { length, step, shape } = reduction(operation, x, axis);
        const together = length >= longAxis && (step === 1 || sizeOf(shape) < manyResults);
        return together ? ["workgroup", "thread"] : ["thread", "workgroup"];
      },
    },
    { tensors: onlyX, options: fields },
  );
}

/**
 * Sum over one axis of `x`, f32 of any shape, possibly a view; `y` has the shape of `x` without that axis. Over an
 * empty axis: 0. Sums are blocked or pairwise, never sequential (Higham 2002, section 4.2).
 */
export const sum = /* @__PURE__ */ defineReduce("sum", 0);

/** Mean over one axis; tensors as in {@link sum}. Over an empty axis: NaN. */
export const mean = /* @__PURE__ */ defineReduce("mean", Number.NaN);

/** Largest element over one axis, NaN where one is; tensors as in {@link sum}. Over an empty axis: −∞. */
export const max = /* @__PURE__ */ defineReduce("max", Number.NEGATIVE_INFINITY);
