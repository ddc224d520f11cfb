import type { Gpu } from "../../gpu/gpu.ts";
import { callback, checkOptions, checkValue, fieldsOf, listOf, required, text } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** A gradient that cannot be computed: an op without a rule, or memory that is overwritten before the loss. */
export class GradientError extends Error {
  override readonly name = "GradientError";
}

/** A call to differentiate, as passed to its rule. */
export interface ForwardCall<T, X, R> {
  readonly tensors: T;
  readonly options: X;
  readonly result: R;
  /** The gradient of each result, in its shape; absent for results that the loss does not depend on. */
  readonly gradient: { readonly [K in keyof R]?: Tensor };
  /** The inputs that need gradients, by name. */
  readonly needs: ReadonlySet<string>;
  /**
   * The destination of an input's gradient, for a rule that writes or adds to it in place and returns this same tensor.
   * Undefined if a new tensor serves as well, or if others read that memory.
   */
  readonly destination: (input: string) => Destination | undefined;
}

/** Memory for a gradient, as options of some ops: `gemm(gpu, tensors, { into: { y }, accumulate })`. */
export interface Destination {
  /** f32 of the input's shape, contiguous. */
  readonly y: Tensor;
  /** True if it has the sum of earlier gradients, to add to; false if it is unwritten. */
  readonly accumulate: boolean;
}

/** Gradients of a call's inputs, by name. An input without influence on the loss may be absent. */
export type InputGradients = Readonly<Record<string, Tensor | undefined>>;

const otherFields = fieldsOf<Pick<Rule, "unread">>({ unread: listOf(text) });

/**
 * How the gradients of an op's inputs follow from those of its results: the vector-Jacobian product, as calls of ops.
 */
export interface Rule {
  /** The op: the function that is called. */
  readonly of: object;
  /**
   * Inputs whose values no gradient depends on, so that later calls may overwrite them: flags that several calls set.
   */
  readonly unread?: readonly string[];
  readonly record: (gpu: Gpu, call: ForwardCall<object, object, object>) => InputGradients;
}

/**
 * The rule of an op. `record` calls ordinary ops, and returns a gradient for every input in `needs` that is an f32, f16
 * or bf16 tensor, as f32 in the shape of that input; a tensor within options is named by its path, such as
 * `score.table`.
 */
export function ruleOf<T extends object, R extends object, X extends object = object>(
  of: (gpu: Gpu, tensors: T, ...options: never[]) => R,
  record: (gpu: Gpu, call: ForwardCall<T, X, R>) => InputGradients,
  others: Pick<Rule, "unread"> = {},
): Rule {
  checkValue("ruleOf", "of", required(callback), of);
  checkValue("ruleOf", "record", required(callback), record);
  checkOptions("ruleOf", otherFields, others);
  return { of, record: record as Rule["record"], ...others };
}
