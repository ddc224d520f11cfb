// How keys and values are stored: the types of `--dtype`.

import { packWords } from "../../src/check/packed.ts";
import { type DType, decode, type Elements, encode } from "../../src/index.ts";
import { dense } from "../../src/reference/dense.ts";
import { dequantise, quantise } from "../../src/reference/kv-layouts.ts";

interface Format {
  /** What the tensor is made of: u32 holds several integers. */
  readonly dtype: DType;
  /** Elements of a row of the tensor, for a head of this width. */
  readonly perRow: (width: number) => number;
  /** Scales beside a row. */
  readonly scales: (width: number) => number;
  /** Bits that are not a number where the type has such; integers have scales that are none. */
  readonly poison: number;
  /** Widths have to be multiples of this. */
  readonly multiple: number;
  /** Bits of an integer. */
  readonly bits?: 8 | 4;
}

const itself = (width: number) => width;
const none = () => 0;

const formats = {
  f32: { dtype: "f32", perRow: itself, scales: none, poison: Number.NaN, multiple: 1 },
  f16: { dtype: "f16", perRow: itself, scales: none, poison: 0x7e00, multiple: 2 },
  bf16: { dtype: "bf16", perRow: itself, scales: none, poison: 0x7fc0, multiple: 2 },
  int8: { dtype: "u32", perRow: (width) => width / 4, scales: () => 1, poison: 0x7f7f7f7f, multiple: 4, bits: 8 },
  int4: {
    dtype: "u32",
    perRow: (width) => width / 8,
    scales: (width) => width / 32,
    poison: 0x77777777,
    multiple: 32,
    bits: 4,
  },
} as const satisfies Readonly<Record<string, Format>>;

/** A type that keys and values can be stored in. */
export type CacheFormat = keyof typeof formats;

/** The names that `--dtype` takes. */
export const cacheFormats = Object.keys(formats) as CacheFormat[];

/** Reads a name of `--dtype`. Throws a RangeError that lists what there is. */
export function parseFormat(text: string): CacheFormat {
  const format = cacheFormats.find((name) => name === text);
  if (!format) throw new RangeError(`there is no dtype "${text}"; there are ${cacheFormats.join(", ")}`);
  return format;
}

/** The format of a name, with the fields that all have. */
export const formatOf = (name: CacheFormat): Format => formats[name];

/** Why heads of these widths cannot be stored so; undefined where they can. */
export function formatRefusal(name: CacheFormat, widths: readonly number[]): string | undefined {
  const { multiple } = formats[name];
  const wrong = widths.find((width) => width % multiple !== 0);
  return wrong === undefined ? undefined : `${name} takes heads of multiples of ${multiple}, not ${wrong}`;
}

/** Bytes of a row, its scales included. */
export function rowBytes(name: CacheFormat, width: number): number {
  const { dtype, perRow, scales } = formats[name];
  return (dtype === "f16" || dtype === "bf16" ? 2 : 4) * perRow(width) + 4 * scales(width);
}

/** Rows as they are stored, and the numbers that these stand for, exactly. */
export interface EncodedRows {
  readonly elements: Elements;
  readonly scales: Float32Array;
  readonly values: Float32Array | Float64Array;
}

/** Rows of `width` numbers in a format. */
export function encodeRows(name: CacheFormat, numbers: Float32Array<ArrayBuffer>, width: number): EncodedRows {
  const { dtype, bits } = formatOf(name);
  if (bits) {
    const block = bits === 8 ? width : 32;
    const { codes, scales } = quantise({ x: dense([numbers.length / width, width], numbers) }, { bits, block });
    return {
      elements: Uint32Array.from(packWords(codes, bits).values),
      scales: Float32Array.from(scales.values),
      values: dequantise({ codes, scales }).values,
    };
  }
  if (name === "f32") return { elements: numbers, scales: new Float32Array(0), values: numbers };
  const elements = encode(dtype, numbers);
  return { elements, scales: new Float32Array(0), values: decode(dtype, elements) };
}
