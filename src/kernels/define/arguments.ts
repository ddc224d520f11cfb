// Checks of what ops are called with.
import type { Gpu } from "../../gpu/gpu.ts";
import {
  anything,
  type Check,
  type Checks,
  checkOptions,
  type Fields,
  fieldsOf,
  object,
  required,
} from "../../options/checks.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Kernel, Patterns } from "./kernel-definition.ts";

/** A tensor that may be left out. */
export const optionalTensor: Check = (value) => (value instanceof Tensor ? undefined : "a tensor");

/** A tensor. */
export const tensorCheck: Check = required(optionalTensor);

/** `into`: memory for the results of these names. */
export const intoOf = (...names: readonly string[]): Check =>
  object(Object.fromEntries(names.map((name) => [name, optionalTensor])));

/** A kernel whose calls have these options, other than `into`, which every kernel checks. */
export function withOptions<I extends Patterns, M extends Patterns, O extends Patterns, X>(
  kernel: Kernel<I, M, O, X>,
  checks: Checks<X>,
): Kernel<I, M, O, X> {
  const fields = fieldsOf({ ...checks, into: anything });
  const { kernelName, source } = kernel;
  type Call = (gpu: Gpu, tensors: object, options?: unknown) => unknown;
  const call: Call = (gpu, tensors, options) => {
    checkOptions(kernelName, fields, options);
    return (kernel as unknown as Call)(gpu, tensors, options);
  };
  Object.assign(kernel, { by: call }); // calls are those of the function that is called
  return Object.assign(call, { kernelName, source }) as unknown as Kernel<I, M, O, X>;
}

/** No options but `into` for y, the result of many ops. */
export const intoY: Fields = fieldsOf({ into: intoOf("y") });

/** The tensors of a call by name; a name that ends in `?` may be left out. */
export const tensorFields = (...names: readonly string[]): Fields => ({
  checks: new Map(
    names.map((name) => (name.endsWith("?") ? [name.slice(0, -1), optionalTensor] : [name, tensorCheck])),
  ),
  required: names.filter((name) => !name.endsWith("?")),
});

/** The tensor of many ops. */
export const onlyX: Fields = tensorFields("x");

/** Throws `OptionError` unless a call has the tensors and the options of an op. */
export function checkCall(name: string, tensors: Fields, given: unknown, options: Fields, chosen: unknown): void {
  checkOptions(name, tensors, given);
  checkOptions(name, options, chosen);
}
