// Plain types: arrays of independent elements.
import { checkValue, oneOf } from "../options/checks.ts";
import { numbers } from "../options/lists.ts";
import type { Elements } from "./formats/format.ts";
import { formats, type PlainType, plainTypes } from "./formats/formats.ts";

export { decodeBf16, decodeF16, encodeBf16, encodeF16 } from "./formats/floats.ts";
export type { Elements } from "./formats/format.ts";
export type { DType, FloatType, PlainType } from "./formats/formats.ts";
export { floatTypes, isFloat, isPlain, plainType, plainTypes } from "./formats/formats.ts";

const ofEach = <T>(of: (dtype: PlainType) => T) =>
  Object.fromEntries(plainTypes.map((dtype) => [dtype, of(dtype)])) as Record<PlainType, T>;

/** Bytes of one element. */
export const bytesPerElement: Readonly<Record<PlainType, number>> = ofEach((dtype) => formats[dtype].planes.data.bytes);

/** The typed array for elements of each type; f16 and bf16 are stored as their 16 bits. */
export const arrayOf = ofEach((dtype) => formats[dtype].planes.data.array);

/** The typed array that holds elements of `dtype`, over `buffer`. */
export function elementsOf(dtype: PlainType, buffer: ArrayBuffer, byteOffset = 0, length?: number): Elements {
  return new arrayOf[dtype](buffer, byteOffset, length);
}

const plainCheck = oneOf(...plainTypes);

/** Stored elements as numbers, exact for every type. */
export function decode(dtype: PlainType, elements: Elements): Float64Array<ArrayBuffer> {
  checkValue("decode", "dtype", plainCheck, dtype);
  return formats[dtype].decode({ data: elements }, elements.length);
}

/** Numbers as stored elements, rounded to nearest even for f16 and bf16. */
export function encode(dtype: PlainType, values: ArrayLike<number>): Elements {
  checkValue("encode", "dtype", plainCheck, dtype);
  checkValue("encode", "values", numbers, values);
  return formats[dtype].encode(values, values.length).data;
}
