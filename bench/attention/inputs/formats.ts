// Storage formats of keys and values: the types of `--dtype`.

import {
  bytesPerElement,
  type CacheFormat,
  cacheFormats,
  cacheStorage,
  type Elements,
  encode,
  storageFormats,
} from "../../../src/index.ts";

export { type CacheFormat, cacheFormats };

/** Reads a name of `--dtype`. Throws a RangeError that lists the valid names. */
export function parseFormat(text: string): CacheFormat {
  const format = cacheFormats.find((name) => name === text);
  if (!format) throw new RangeError(`there is no dtype "${text}"; there are ${cacheFormats.join(", ")}`);
  return format;
}

/** Why heads of these widths cannot have this format; undefined if they can. */
export function formatRefusal(name: CacheFormat, widths: readonly number[]): string | undefined {
  const { multiple } = cacheStorage[name];
  const wrong = widths.find((width) => width % multiple !== 0);
  return wrong === undefined ? undefined : `${name} takes heads of multiples of ${multiple}, not ${wrong}`;
}

/** Elements per row of the tensor, and its scales. */
export function rowOf(name: CacheFormat, width: number): { readonly words: number; readonly scales: number } {
  const { packed, scales } = cacheStorage[name];
  return { words: width / packed, scales: scales ? scales(width).reduce((product, axis) => product * axis, 1) : 0 };
}

/** Bytes of a row, its scales included. */
export function rowBytes(name: CacheFormat, width: number): number {
  const { words, scales } = rowOf(name, width);
  return bytesPerElement[cacheStorage[name].dtype] * words + 4 * scales;
}

/** Elements that must not be read: NaN where the type has it; integers have NaN scales. */
export function poisonOf(name: CacheFormat): number {
  const { dtype, scales } = cacheStorage[name];
  return scales ? 0x77777777 : (encode(dtype, [Number.NaN])[0] ?? 0);
}

/** Encoded rows, with the exact values that they decode to. */
export interface EncodedRows {
  readonly elements: Elements;
  readonly scales: Float32Array;
  readonly values: Float32Array | Float64Array;
}

/** Encodes rows of `width` numbers in a format. */
export function encodeRows(name: CacheFormat, numbers: Float32Array<ArrayBuffer>, width: number): EncodedRows {
  if (name === "f32") return { elements: numbers, scales: new Float32Array(0), values: numbers };
  const format = storageFormats[name];
  const planes = format.encode(numbers, width);
  const values = format.decode(planes, width);
  if (!(planes["scales"] instanceof Float32Array)) {
    return { elements: planes.data, scales: new Float32Array(0), values };
  }
  const { buffer, byteOffset, byteLength } = planes.data;
  return { elements: new Uint32Array(buffer, byteOffset, byteLength / 4), scales: planes["scales"], values };
}
