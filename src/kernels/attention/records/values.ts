import { checkNames, positive, shown } from "../../../options/checks.ts";
import { OptionError } from "../../../options/errors.ts";
import { formatShape } from "../../../tensor/shape.ts";
import { Tensor } from "../../../tensor/tensor.ts";
import type { BoundTensor } from "../../define/kernel.ts";
import type { KeyRange } from "./mod.ts";
import { type CallShape, type Filled, filled, type Numbers, type Parameter, type Parameters } from "./parameters.ts";

// Values of the parameters of a mask or score: their check, and how kernels receive them.

/** Throws `OptionError` unless the values are valid for the parameters. `what` names the mask or score. */
export function checkValues(what: string, parameters: Parameters, values: Readonly<Record<string, unknown>>): void {
  checkNames(`attention: ${what}`, ["kind", ...Object.keys(parameters)], values);
  for (const [name, parameter] of Object.entries(parameters)) {
    const expected = expectation(parameter, values[name]);
    if (expected === undefined) continue;
    throw new OptionError(`attention: ${what}: ${name} is ${text(values[name])}, expected ${expected}`);
  }
}

/** What was expected instead of a value; undefined where it is valid. */
function expectation(parameter: Parameter, value: unknown): string | undefined {
  switch (parameter.type) {
    case "count": {
      const { min, max, optional } = parameter;
      const isRight = typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;
      return isRight || (optional && value === undefined) ? undefined : `an integer of ${min} or more`;
    }
    case "factor":
      return positive(value);
    case "choice":
      return value === undefined || (parameter.of as readonly unknown[]).includes(value)
        ? undefined
        : parameter.of.join(" or ");
    case "tensor": {
      const axes = parameter.pattern.split(",").length;
      if (!(value instanceof Tensor)) return `a tensor ${parameter.pattern}`;
      return value.shape.length === axes && value.size > 0 ? undefined : `${parameter.pattern}, and some elements`;
    }
  }
}

const isTensor = (value: unknown): value is Tensor => value instanceof Tensor;
const text = (value: unknown): string => (isTensor(value) ? formatShape(value.shape) : shown(value));

/** The tensors among the values, by a kernel's axes. */
export function boundBy(
  parameters: Parameters,
  values: Readonly<Record<string, unknown>>,
): Record<string, BoundTensor> {
  const bound: Record<string, BoundTensor> = {};
  for (const [name, parameter] of Object.entries(parameters)) {
    const tensor = values[name];
    if (parameter.type !== "tensor" || !isTensor(tensor)) continue;
    bound[name] = { tensor, pattern: patternFor(parameter.pattern, tensor), types: [parameter.dtype] };
  }
  return bound;
}

/** The axes that a tensor must have: shared ones have one element, others their length. */
function patternFor(pattern: string, { shape }: Tensor): string {
  const axes = pattern.slice(1, -1).split(", ");
  const resolved = axes.map((axis, i) => {
    const [letter = "", shared] = axis.split(" or ");
    if (shared !== undefined && shape[i] === 1) return "1";
    return /^[bhts\d]/.test(letter) && letter.length === 1 ? letter : String(shape[i] ?? 0);
  });
  return `[${resolved.join(", ")}]`;
}

/** The numbers among the values, the default fields of uniforms. */
export const numbersIn = (parameters: Parameters, values: Readonly<Record<string, unknown>>): Numbers =>
  Object.fromEntries(
    Object.entries(parameters).flatMap(([name, { type }]) => {
      const value = values[name];
      return (type === "count" || type === "factor") && typeof value === "number" ? [[name, value]] : [];
    }),
  );

/** True if a tensor among the values differs between heads. */
export const differsByHead = (parameters: Parameters, values: Readonly<Record<string, unknown>>): boolean =>
  Object.entries(parameters).some(([name, parameter]) => {
    if (parameter.type !== "tensor") return false;
    const tensor = values[name];
    const axis = parameter.pattern
      .slice(1, -1)
      .split(", ")
      .findIndex((letter) => /^h\b/.test(letter));
    return isTensor(tensor) && axis >= 0 && (tensor.shape[axis] ?? 1) > 1;
  });

/**
 * Elements from one batch row, and from one head, to the next of a tensor `[b or 1, h or 1, m, n]`: 0 where it is
 * shared.
 */
export function strides({ shape }: Tensor): { readonly batch: number; readonly head: number } {
  const [b = 0, h = 0, n = 0, m = 0] = shape;
  return { batch: b === 1 ? 0 : h * n * m, head: h === 1 ? 0 : n * m };
}

// The number of keys that a query sees, in closed form, from which the cost of a dispatch is computed for any length.

/** The end of the keys up to a query's own position, at most `keys`. */
export const until = (query: number, keys: number): number => Math.max(0, Math.min(query + 1, keys));

/** Keys from `first` up to but not including `end` whose distance to `query` is a multiple of `step`. */
export function inStep(first: number, end: number, query: number, step: number): number {
  if (end <= first) return 0;
  return Math.floor((end - 1 - query) / step) - Math.floor((first - 1 - query) / step);
}

/** Keys before `end` whose index within their block of `stride` keys is in the band. */
export function inBand(end: number, [from, to]: KeyRange, stride: number): number {
  const blocks = Math.floor(end / stride);
  return blocks * (to - from) + Math.max(0, Math.min(end - blocks * stride, to) - from);
}

/** Words of which a third are not 0. */
export function flags(shape: readonly number[], seed: number, { random }: CallShape): Filled {
  const { integer } = random(seed);
  return filled(shape, () => (integer(3) === 0 ? 1 + integer(5) : 0));
}

/** Words of which about this percentage is 1. */
export function percentOf(shape: readonly number[], percent: number, { random }: CallShape): Filled {
  const { uniform } = random(percent);
  return filled(shape, () => (uniform() * 100 < percent ? 1 : 0));
}

/** f32 numbers between −1 and 1. */
export function aroundZero(shape: readonly number[], seed: number, { random }: CallShape): Filled {
  const { uniform } = random(seed);
  return filled(shape, () => Math.fround(2 * uniform() - 1));
}

/** Normally distributed numbers. */
export function normals(shape: readonly number[], seed: number, { random }: CallShape): Filled {
  return filled(shape, random(seed).normal);
}
