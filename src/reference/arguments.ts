// Checks of the arguments of definitions: tensors, options and others, by name.
import {
  type Check,
  type Checks,
  checkOptions,
  checkValue,
  either,
  fieldsOf,
  listOf,
  required,
  shown,
} from "../options/checks.ts";
import { shapeCheck } from "../options/lists.ts";
import { formatShape, type Shape, sizeOf } from "../tensor/shape.ts";

/** A dense tensor that may be left out. */
export const optionalTensor: Check = (value) => {
  if (typeof value !== "object" || value === null || !("shape" in value) || !("values" in value)) {
    return "a dense tensor: an object with shape and values";
  }
  const { shape, values } = value;
  if (shapeCheck(shape) !== undefined) return `a dense tensor, its shape ${shapeCheck(shape)}, not ${shown(shape)}`;
  const count = sizeOf(shape as Shape);
  if (values instanceof Float64Array && values.length === count) return undefined;
  return `a dense tensor, its values a Float64Array of ${count} for shape ${formatShape(shape as Shape)}`;
};

/** One value for all batch rows, or a list of one a row. */
export const ofRows = (check: Check): Check => either(check, listOf(check));

/** A dense tensor. */
export const tensor: Check = required(optionalTensor);

/** A dense tensor with these axes, for example `b h t s`. */
export function tensorOf(axes: string): Check {
  const letters = axes.split(" ");
  const expected = `a dense tensor [${letters.join(", ")}]`;
  return required((value) =>
    tensor(value) === undefined && (value as { shape: Shape }).shape.length === letters.length ? undefined : expected,
  );
}

/** The arguments of a definition, if they pass these checks and there are no others. Throws `OptionError`. */
export function given<X extends object>(definition: string, value: X, checks: Checks<X>): X {
  checkOptions(definition, fieldsOf(checks), value);
  return value;
}

/** The fields that a definition reads of an object that may have more, such as a parsed file. Throws `OptionError`. */
export function read<X extends object>(definition: string, value: X, checks: Checks<X>): X {
  const isObject = typeof value === "object" && value !== null;
  const names = Object.keys(checks) as (keyof X)[];
  return given(
    definition,
    isObject ? (Object.fromEntries(names.map((name) => [name, value[name]])) as X) : value,
    checks,
  );
}

/** An argument that passes its check. Throws `OptionError`. */
export function argument<T>(definition: string, name: string, value: T, check: Check): T {
  checkValue(definition, name, check, value);
  return value;
}
