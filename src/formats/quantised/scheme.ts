import { type DType, planeRowBytes } from "../../tensor/formats/formats.ts";
import { FormatError } from "../format-error.ts";
import type { ByRows, Grouped, Made } from "../grouped.ts";
import { type Field, type FieldReader, integer, optional } from "../json/fields.ts";
import type { StoredTensor } from "../safetensors/safetensors.ts";
import type { Weights } from "../weights.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

/** The tensors of a quantised matrix, by suffix. */
export interface Parts {
  /** Name of the matrix, without a suffix. */
  readonly base: string;
  readonly find: (ending: string) => StoredTensor | undefined;
  /** Throws `FormatError` for a tensor that is missing or has another type or shape. */
  readonly get: (ending: string, types: readonly string[], shape?: readonly number[]) => StoredTensor;
}

/** A matrix `[out, in]`, and how each of its planes is computed from tensors; for f32, the elements alone. */
export interface QuantisedMatrix {
  readonly format: DType;
  readonly shape: readonly [out: number, input: number];
  readonly data: Grouped | ByRows;
  readonly scales?: Grouped;
}

/** How the matrices of a folder are quantised. */
export interface Scheme {
  /** Human-readable, e.g. `AWQ int4, groups of 128`. */
  readonly name: string;
  /** Suffixes of the tensors of a quantised matrix; those before a `?` need no other. */
  readonly endings: readonly string[];
  /** Suffixes of tensors for other readers. */
  readonly ignored?: readonly string[];
  readonly matrix: (parts: Parts) => QuantisedMatrix;
  readonly warnings?: readonly string[];
}

/** Reads the settings of a `quantization_config`. Throws `FormatError` for unsupported ones. */
export type SchemeReader = (settings: FieldReader) => Scheme;

export function partsOf(weights: Weights, base: string): Parts {
  const find = (ending: string) => weights.tensors.get(`${base}.${ending}`);
  return {
    base,
    find,
    get(ending, types, shape) {
      const name = `${base}.${ending}`;
      const tensor = find(ending);
      if (!tensor) {
        const problem = `is missing, which the quantised matrix ${base} needs`;
        throw new FormatError(weights.file, problem, { field: name });
      }
      const isShape = !shape || (shape.length === tensor.shape.length && shape.every((n, i) => n === tensor.shape[i]));
      if (types.includes(tensor.dtype) && isShape) return tensor;
      const expected = `${types.join(" or ")}${shape ? ` [${shape.join(", ")}]` : ""}`;
      const problem = `is ${tensor.dtype} [${tensor.shape.join(", ")}], expected ${expected}`;
      throw new FormatError(tensor.file, problem, { field: name });
    },
  };
}

/** The tensors of a quantised matrix: its data, with the other planes. `first` is the one read first. */
export function madeTensors(
  { format, shape, data, scales }: QuantisedMatrix,
  name: string,
  transposed: boolean,
): readonly [StoredTensor, readonly Made<Grouped | ByRows>[]] {
  const [out, input] = shape;
  const bytes = planeRowBytes(format, input);
  const plane = (of: Grouped | ByRows, called: string, dtype: string, count: number): StoredTensor => {
    const { file = "", begin = 0 } = of.sources[0] ?? {};
    return { name: called, file, dtype, shape: [out, count], begin, end: begin + out * count };
  };
  const others = scales && { scales: plane(scales, `${name}, scales`, "U8", bytes["scales"] ?? 0) };
  const tensor: StoredTensor = {
    ...plane(data, name, format.toUpperCase(), bytes["data"] ?? 0),
    shape: transposed ? [input, out] : [out, input],
    ...(transposed ? { transposed } : {}),
    ...("rows" in data ? { together: input } : {}),
    ...(others ? { planes: others } : {}),
  };
  return [tensor, [[tensor, data], ...(scales && others ? [[others.scales, scales] as const] : [])]];
}

/** Bits of a code; only some numbers are supported. */
export const bits = (...known: readonly number[]): Field<number | undefined> => ({
  problem: (value) =>
    known.some((one) => one === value)
      ? undefined
      : `is ${String(value)}; only ${known.join(" and ")} bits are supported`,
  absent: { value: undefined },
});

/** The number of elements of a group; −1 means whole rows. Only multiples of 32 are supported. */
export function groups(absent: number): Field<number> {
  const { problem } = integer(1, 1 << 20);
  const check = (value: unknown) => {
    if (value === -1) return undefined;
    const wrong = problem(value);
    if (wrong !== undefined) return `${wrong}, or -1 for whole rows`;
    return Number(value) % 32 === 0 ? undefined : `is ${String(value)}, expected a multiple of 32`;
  };
  return optional({ problem: check }, absent);
}

/** Groups in the name of a scheme. */
export const groupsName = (size: number): string => (size === -1 ? "a group for each row" : `groups of ${size}`);
