import type { Gpu } from "../gpu/gpu.ts";
import { callback, checkOptions, checkValue, fieldsOf, listOf, required, text } from "../options/checks.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A call that is differentiated, as its rule sees it. */
export interface ForwardCall<T, X, R> {
  readonly tensors: T;
  readonly options: X;
  readonly result: R;
  /** The gradient of each result, of its shape; those of results that the loss does not depend on are absent. */
  readonly gradient: { readonly [K in keyof R]?: Tensor };
  /** The inputs whose gradients are wanted, by name. */
  readonly needs: ReadonlySet<string>;
  /**
   * Where the gradient of an input belongs, for a rule that writes it there, or adds to what is there, and returns this
   * very tensor. Undefined where a tensor of the rule's own serves as well, or where others read that memory.
   */
  readonly destination: (input: string) => Destination | undefined;
}

/** Memory for a gradient, as some ops take it in their options: `gemm(gpu, tensors, { into: { y }, accumulate })`. */
export interface Destination {
  /** f32 of the input's shape, contiguous. */
  readonly y: Tensor;
  /** True where it holds the sum of earlier gradients, which is added to; false where nothing is there yet. */
  readonly accumulate: boolean;
}

/** Gradients of a call's inputs, by name. An input to which the loss does not respond may be absent. */
export type InputGradients = Readonly<Record<string, Tensor | undefined>>;

const otherFields = fieldsOf<Pick<Rule, "unread">>({ unread: listOf(text) });

/** How the gradients of an op's inputs follow from those of its results: the vector-Jacobian product, as calls of ops. */
export interface Rule {
  /** The op: the function that is called. */
  readonly of: object;
  /** Inputs whose values no gradient depends on, so that a later call may write them: flags that several calls set. */
  readonly unread?: readonly string[];
  readonly record: (gpu: Gpu, call: ForwardCall<object, object, object>) => InputGradients;
}

/**
 * The rule of an op. `record` calls ordinary ops, and returns a gradient for every input in `needs` that is an f32, f16
 * or bf16 tensor, of the shape of that input and f32; a tensor within options has its path for a name, such as
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
