import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf, integer, required } from "../../options/checks.ts";
import { resolveAxis, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { intoOf, onlyX } from "../arguments.ts";
import { fill } from "../elementwise/fill.ts";
import type { Into } from "../kernel.ts";
import { checkWalk, walkOver } from "../layout/walk.ts";
import { defineOp } from "../op.ts";
import { type ReduceOptions, reduceByThread, reduceByWorkgroup } from "./kernels.ts";

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
export const sum = defineReduce("sum", 0);

/** Mean over one axis; tensors as in {@link sum}. Over an empty axis: NaN. */
export const mean = defineReduce("mean", Number.NaN);

/** Largest element over one axis, NaN where one is; tensors as in {@link sum}. Over an empty axis: −∞. */
export const max = defineReduce("max", Number.NEGATIVE_INFINITY);
