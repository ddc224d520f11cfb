import type { Gpu } from "../gpu/gpu.ts";
import { ShapeError } from "../tensor/shape.ts";

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

/** Name of the variant to use, which throws when that one cannot; default by the op's order. */
export interface VariantChoice<V> {
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
}

/**
 * Makes an op from its table. `order` lists variants in order of preference for given tensors; the first that can is
 * used. Throws `ShapeError`, with the reasons, when the named variant cannot, or none can.
 */
export function defineOp<T, X, R, const V extends Readonly<Record<string, Variant<T, X, R>>>>(definition: {
  readonly name: string;
  readonly variants: V;
  readonly order: (tensors: T, options: X, gpu: Gpu) => readonly (keyof V & string)[];
  /** Called with the options before anything else reads them. */
  readonly prepare?: (options: X) => void;
}): Op<T, X, R, V> {
  const { name, variants, order, prepare } = definition;
  const reason = (variant: string, gpu: Gpu, tensors: T, options: X): string | undefined => {
    const row = variants[variant];
    if (!row) return `there is no such variant; there are ${Object.keys(variants).join(", ")}`;
    const missing = (row.requires ?? []).filter((feature) => !gpu.features.has(feature));
    if (missing.length > 0) return `this device has no ${missing.join(", ")}`;
    return row.accepts?.(tensors, options, gpu);
  };
  const op = (gpu: Gpu, tensors: T, given?: X & VariantChoice<V>): R => {
    const { variant: wanted, ...rest } = (given ?? {}) as X & VariantChoice<V>;
    const options = rest as unknown as X;
    prepare?.(options);
    const tried: string[] = [];
    for (const variant of wanted === undefined ? order(tensors, options, gpu) : [wanted]) {
      const why = reason(variant, gpu, tensors, options);
      if (why === undefined) {
        const row = variants[variant] as Variant<T, X, R>;
        return gpu.group(name, variant, rest, () => row.record(gpu, tensors, options));
      }
      tried.push(`${variant}: ${why}`);
    }
    throw new ShapeError(
      tried.length === 1 ? `${name}/${tried[0]}` : `${name}: no variant takes these arguments; ${tried.join("; ")}`,
    );
  };
  const survey = (gpu: Gpu, tensors: T, options: X) => {
    prepare?.(options);
    return new Map(Object.keys(variants).map((variant) => [variant, reason(variant, gpu, tensors, options)]));
  };
  return Object.assign(op, { opName: name, variants, survey }) as unknown as Op<T, X, R, V>;
}
