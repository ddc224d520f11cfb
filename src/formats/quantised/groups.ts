// Shared by the 4-bit methods: scales and zero points of groups, and matrices whose groups are unordered.
import { decode, decodeF16, elementsOf, encodeF16, type FloatType } from "../../tensor/dtype.ts";
import type { DType } from "../../tensor/formats/formats.ts";
import { FormatError } from "../format-error.ts";
import { dtypeOf, type StoredTensor } from "../safetensors/safetensors.ts";
import type { Bytes } from "./scheme.ts";

/** Formats by group size, the largest first. */
const groupFormats = [
  [128, "int4_128"],
  [64, "int4_64"],
  [32, "int4_32"],
] as const satisfies readonly (readonly [number, DType])[];

/** The format for groups of `size` elements, and how many of its groups make up one. */
function formatOfGroups(size: number): { readonly format: DType; readonly times: number } | undefined {
  const found = groupFormats.find(([own]) => size % own === 0);
  return found && { format: found[1], times: size / found[0] };
}

/** Elements of a group of rows of `columns`; −1 means whole rows. Throws `FormatError` if it does not divide them. */
export function groupSize(given: number, columns: number, { file, name }: StoredTensor) {
  const size = given === -1 ? columns : given;
  const found = columns % size === 0 ? formatOfGroups(size) : undefined;
  if (found) return { size, ...found };
  const problem = `has rows of ${columns} elements in groups of ${size}, expected whole groups of a multiple of 32`;
  throw new FormatError(file, problem, { field: name });
}

/** Numbers of a small tensor of floats. */
export function numbersOf(tensor: StoredTensor, bytes: Bytes): Float64Array {
  const dtype: FloatType = dtypeOf(tensor);
  return decode(dtype, elementsOf(dtype, bytes.slice().buffer));
}

/** The words of a tensor, without a copy if its memory begins at a whole word. */
export const wordsIn = (bytes: Bytes): Uint32Array =>
  bytes.byteOffset % 4 === 0 ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4) : wordsOf(bytes);

/** A copy of the words of a tensor. */
export const wordsOf = (bytes: Bytes): Uint32Array => new Uint32Array(bytes.slice().buffer);

/** Index in the file of the scale and zero point of a row's group. */
type GroupIndex = (row: number, group: number) => number;

/** The plane of scales: for each row and group the scale and the zero point, repeated if a group is divided. */
export function scalesPlane(
  tensor: StoredTensor,
  scales: ArrayLike<number>,
  zeros: (row: number, group: number) => number,
  { rows, groups, times, at }: { rows: number; groups: number; times: number; at: GroupIndex },
): Bytes {
  const out = new Uint32Array(rows * groups * times);
  const halves = Uint16Array.from({ length: 17 }, (_, zero) => encodeF16(zero));
  for (let row = 0, to = 0; row < rows; row++) {
    for (let group = 0; group < groups; group++, to += times) {
      const index = at(row, group);
      const scale = scales[index] ?? 0;
      const half = encodeF16(scale);
      if (decodeF16(half) !== scale && Number.isFinite(scale)) {
        throw new FormatError(tensor.file, `is ${scale} at element ${index}, which f16 cannot hold`, {
          field: tensor.name,
        });
      }
      out.fill(half | ((halves[zeros(row, group)] ?? 0) << 16), to, to + times);
    }
  }
  return new Uint8Array(out.buffer);
}

/** Checks that element i belongs to group i / size. Throws `FormatError` for the first that does not. */
export function checkGroupOrder({ file, name }: StoredTensor, indices: Uint32Array, size: number): void {
  const at = indices.findIndex((group, i) => group !== Math.floor(i / size));
  if (at < 0) return;
  const expected = `expected ${Math.floor(at / size)}, since the config does not say that groups are in another order`;
  throw new FormatError(file, `is ${indices[at]} at element ${at}, ${expected}`, { field: name });
}

/** The elements of a matrix with any assignment of columns to groups. */
interface Ungrouped {
  readonly rows: number;
  readonly columns: number;
  /** Words `[columns / 8, rows]`. */
  readonly words: Uint32Array;
  readonly scale: (row: number, group: number) => number;
  readonly zero: (row: number, group: number) => number;
  readonly groups: number;
  /** The group of each column. */
  readonly indices: Uint32Array;
  readonly indexTensor: StoredTensor;
}

/**
 * A function that computes rows `[begin, end)` as f32, which holds each element exactly. Throws `FormatError` for a
 * group that does not exist.
 */
export function elementsOfGroups(given: Ungrouped): (begin: number, end: number) => Bytes {
  const { rows, columns, words, scale, zero, groups, indices, indexTensor } = given;
  const wrong = indices.findIndex((group) => group >= groups);
  if (wrong >= 0) {
    const problem = `is ${indices[wrong]} at element ${wrong}, expected one of ${groups} groups`;
    throw new FormatError(indexTensor.file, problem, { field: indexTensor.name });
  }
  return (begin, end) => {
    const out = new Float32Array((end - begin) * columns);
    for (let row = begin; row < end; row++) {
      for (let column = 0; column < columns; column++) {
        const group = indices[column] ?? 0;
        const code = ((words[(column >> 3) * rows + row] ?? 0) >>> (4 * (column % 8))) & 15;
        out[(row - begin) * columns + column] = (code - zero(row, group)) * scale(row, group);
      }
    }
    return new Uint8Array(out.buffer);
  };
}
