import type { Gpu } from "../../gpu/gpu.ts";
import {
  type Check,
  callback,
  checkOptions,
  type Fields,
  fieldsOf,
  having,
  oneOf,
  recordOf,
  required,
  shown,
  text,
} from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import { ShapeError } from "../../tensor/shape.ts";
import { type OpCall, preferenceOf } from "./preference.ts";

/** One way of computing an op: a row in its table. */
export interface Variant<T, X, R> {
  /** Why this variant cannot take these tensors and options on this device; undefined when it can. */
  readonly accepts?: (tensors: T, options: X, gpu: Gpu) => string | undefined;
  /** Device features it requires, such as `subgroups`. */
  readonly requires?: readonly string[];
  /** Bytes of temporary memory it uses. */
  readonly workspace?: (tensors: T, options: X) => number;
  /** Records the dispatches. */
  readonly record: (gpu: Gpu, tensors: T, options: X) => R;
}

/** A choice of one of an op's variants. */
export interface VariantChoice<V> {
  /**
   * Name of the variant to use; it is an error if that one cannot take the call.
   * @defaultValue the first of the op's order that can
   */
  readonly variant?: keyof V & string;
}

/** An op over a table of variants. */
export interface Op<T, X, R, V> {
  (
    gpu: Gpu,
    tensors: T,
    ...options: Record<string, never> extends X ? [options?: X & VariantChoice<V>] : [options: X & VariantChoice<V>]
  ): R;
  readonly opName: string;
  readonly variants: V;
  /** For each variant, why it cannot take these arguments; undefined for those that can. */
  readonly survey: (gpu: Gpu, tensors: T, options: X) => ReadonlyMap<keyof V & string, string | undefined>;
  /** The variants in order of preference for these arguments, before it is known which accept them. */
  readonly order: (tensors: T, options: X, gpu: Gpu) => readonly (keyof V & string)[];
}

/** The tensors and options of an op, without the choice of a variant. */
interface CallChecks {
  readonly tensors: Fields;
  readonly options: Fields;
}

/**
 * Makes an op from its table. `order` lists variants in order of preference for given tensors; the first that can is
 * used. Throws `ShapeError`, with the reasons, when the named variant cannot, or none can. With `checks`, tensors and
 * options that the op does not have are refused (`OptionError`).
 */
export function defineOp<T, X, R, const V extends Readonly<Record<string, Variant<T, X, R>>>>(
  definition: {
    readonly name: string;
    readonly variants: V;
    readonly order: (tensors: T, options: X, gpu: Gpu) => readonly (keyof V & string)[];
    /** Called with the options before anything else reads them. */
    readonly prepare?: (options: X) => void;
  },
  checks?: CallChecks,
): Op<T, X, R, V> {
  checkOptions("defineOp", definitionFields, definition);
  const { name, variants, order, prepare } = definition;
  const choice: readonly [string, Check] = [
    "variant",
    (value) => (typeof value === "string" ? undefined : oneOf(...Object.keys(variants))(value)),
  ];
  const fields = checks && {
    checks: new Map([...checks.options.checks, choice]),
    required: checks.options.required,
  };
  const reason = (variant: string, gpu: Gpu, tensors: T, options: X): string | undefined => {
    const row = Object.hasOwn(variants, variant) ? variants[variant] : undefined;
    if (!row) return `there is no such variant; there are ${Object.keys(variants).join(", ")}`;
    const missing = (row.requires ?? []).filter((feature) => !gpu.features.has(feature));
    if (missing.length > 0) return `this device has no ${missing.join(", ")}`;
    return row.accepts?.(tensors, options, gpu);
  };
  const check = (tensors: T, options: unknown) => {
    if (!checks || !fields) {
      if (options === null || (options !== undefined && typeof options !== "object"))
        throw new OptionError(`${name}: its options are ${shown(options)}, expected an object`);
      return;
    }
    checkOptions(name, checks.tensors, tensors);
    checkOptions(name, fields, options);
  };
  const op = (gpu: Gpu, tensors: T, given?: X & VariantChoice<V>): R => {
    check(tensors, given);
    const { variant: wanted, ...rest } = (given ?? {}) as X & VariantChoice<V>;
    const options = rest as unknown as X;
    prepare?.(options);
    const tried: string[] = [];
    const preferred = preferenceOf(gpu)?.({ op: made, tensors, options, wanted } as unknown as OpCall) ?? [];
    const names = wanted === undefined ? new Set([...preferred, ...order(tensors, options, gpu)]) : [wanted];
    for (const variant of names) {
      const why = reason(variant, gpu, tensors, options);
      if (why === undefined) {
        const row = variants[variant] as Variant<T, X, R>;
        const heading = { op: name, variant, options: rest, by: made, tensors: tensors as object };
        return gpu.group(heading, () => row.record(gpu, tensors, options));
      }
      tried.push(`${variant}: ${why}`);
    }
    throw new ShapeError(
      tried.length === 1 ? `${name}/${tried[0]}` : `${name}: no variant takes these arguments; ${tried.join("; ")}`,
    );
  };
  const survey = (gpu: Gpu, tensors: T, options: X) => {
    check(tensors, options);
    prepare?.(options);
    return new Map(Object.keys(variants).map((variant) => [variant, reason(variant, gpu, tensors, options)]));
  };
  const made = Object.assign(op, { opName: name, variants, survey, order }) as unknown as Op<T, X, R, V>;
  return made;
}

/** The fields of a definition. */
const definitionFields = fieldsOf({
  name: required(text),
  variants: required(recordOf(having("record", "a variant, which has record"))),
  order: required(callback),
  prepare: callback,
});
