import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import { tensorFields } from "../define/arguments.ts";
import { defineOp } from "../define/op.ts";
import { add, mul } from "../elementwise/elementwise.ts";
import { sum } from "../reduce/reduce.ts";
import { recurrenceGradients } from "./backward.ts";
import { checkShapes } from "./problem.ts";
import { recurrenceOf, type StateSpaceTensors, stateSpacePatterns, stateSpaceProblem } from "./state-space.ts";

/** The tensors of `stateSpace`, and gradients of its results; absent ones are zeros. */
export interface StateSpaceGradientTensors extends StateSpaceTensors {
  /** `[batch, h, t, p]` */
  readonly dy?: Tensor | undefined;
  /** `[batch, h, n, p]` */
  readonly dstate?: Tensor | undefined;
}

/** Gradients of the tensors of `stateSpace`, in their shapes; `dstate` is that of the first state. */
export interface StateSpaceGradients {
  readonly dx: Tensor;
  readonly ddt: Tensor;
  readonly da: Tensor;
  readonly db: Tensor;
  readonly dc: Tensor;
  readonly dd?: Tensor;
  readonly dstate: Tensor;
}

/** Sums over all axes but that of heads. */
function ofHeads(gpu: Gpu, x: Tensor): Tensor {
  const [batch = 0, h = 0] = x.shape;
  const rest = batch * h === 0 ? 0 : x.size / (batch * h);
  return sum(gpu, { x: sum(gpu, { x: reshape(x, [batch, h, rest]) }, { axis: 2 }).y }, { axis: 0 }).y;
}

/** Recomputes the states before each chunk, then goes from the last chunk to the first. */
const chunks = {
  accepts: (tensors: StateSpaceGradientTensors): string | undefined => {
    checkShapes("stateSpaceBackward", stateSpacePatterns, tensors, ["groups", "h"]);
    return undefined;
  },
  record: (gpu: Gpu, { dy, dstate, ...tensors }: StateSpaceGradientTensors): StateSpaceGradients => {
    using scope = gpu.scope();
    const { x, dt, a, d } = tensors;
    const found = recurrenceGradients(gpu, { ...recurrenceOf(tensors), dout: dy, dstate }, stateSpaceProblem);
    const dlog = reshape(found.dlog as Tensor, dt.shape);
    const skipped = d && dy ? mul(gpu, { a: dy, b: reshape(d, [d.size, 1, 1]) }).y : undefined;
    const ofDecays = mul(gpu, { a: dlog, b: reshape(a, [a.size, 1]) }).y;
    return {
      dx: scope.keep(skipped ? add(gpu, { a: found.dv, b: skipped }).y : found.dv),
      ddt: scope.keep(add(gpu, { a: found.dbeta, b: ofDecays }).y),
      da: scope.keep(ofHeads(gpu, mul(gpu, { a: dlog, b: dt }).y)),
      db: scope.keep(found.dk),
      dc: scope.keep(found.dq),
      ...(d && dy ? { dd: scope.keep(ofHeads(gpu, mul(gpu, { a: x, b: dy }).y)) } : {}),
      dstate: scope.keep(found.dstate),
    };
  },
};

const variants = { chunks } as const;

/**
 * Gradients of `stateSpace` for all its tensors from those of its results, in the kernels of `deltaRuleBackward`.
 * Shapes as there.
 *
 * @throws ShapeError for shapes that do not fit; OptionError for other options.
 */
export const stateSpaceBackward = defineOp<
  StateSpaceGradientTensors,
  Readonly<Record<never, never>>,
  StateSpaceGradients,
  typeof variants
>(
  { name: "stateSpace/backward", variants, order: () => ["chunks"] },
  {
    tensors: tensorFields("x", "dt", "a", "b", "c", "d?", "state?", "documents?", "dy?", "dstate?"),
    options: fieldsOf<Readonly<Record<never, never>>>({}),
  },
);
