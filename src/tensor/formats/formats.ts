import { formatShape, type Shape, ShapeError, sizeOf } from "../shape.ts";
import { bf16, f16 } from "./floats.ts";
import { cellsOf, type FloatElement, type IntegerElement, type Planes, type StorageFormat } from "./format.ts";
import { int4, int8 } from "./integers.ts";
import { packedFormats } from "./packed.ts";

/** IEEE binary32. */
const f32 = {
  name: "f32",
  planes: { data: { elements: 1, bytes: 4, array: Float32Array } },
  element: { kind: "float", fraction: 23, bias: 127 },
  encode: (values: ArrayLike<number>) => ({ data: Float32Array.from(values) }),
  decode,
} as const satisfies StorageFormat;

/** Signed integers. */
const i32 = {
  name: "i32",
  planes: { data: { elements: 1, bytes: 4, array: Int32Array } },
  element: { kind: "integer", signed: true },
  encode: (values: ArrayLike<number>) => ({ data: Int32Array.from(values) }),
  decode,
} as const satisfies StorageFormat;

/** Unsigned integers: ids, counts, tables, and the words of a cache of smaller integers. */
const u32 = {
  name: "u32",
  planes: { data: { elements: 1, bytes: 4, array: Uint32Array } },
  element: { kind: "integer", signed: false },
  encode: (values: ArrayLike<number>) => ({ data: Uint32Array.from(values) }),
  decode,
} as const satisfies StorageFormat;

function decode({ data }: Planes): Float64Array<ArrayBuffer> {
  return Float64Array.from(data);
}

// The table of storage formats, from which types, lists of names and sizes are derived.

/** All storage formats: adding one is a file under `formats` and an entry here. */
const records = [f32, f16, bf16, i32, u32, int8, int4, ...packedFormats] as const;

type Table = { readonly [R in (typeof records)[number] as R["name"]]: R };

const table = Object.fromEntries(records.map((record) => [record.name, record])) as Table;

/** Names of storage formats of tensors. */
export type DType = keyof Table;

/** Formats of independent, contiguous elements. */
export type PlainType = { [K in DType]: Table[K] extends { readonly element: object } ? K : never }[DType];

/** Formats of floats. */
export type FloatType = {
  [K in PlainType]: Table[K]["element"] extends { readonly kind: "float" } ? K : never;
}[PlainType];

/** The storage formats by name. */
export const formats: Readonly<Record<DType, StorageFormat>> = table;

/** Their names. */
export const dtypes = Object.keys(table) as DType[];

/** True for a type of independent elements. */
export const isPlain = (dtype: DType): dtype is PlainType => formats[dtype].element !== undefined;

/** True for floats. */
export const isFloat = (dtype: DType): dtype is FloatType => formats[dtype].element?.kind === "float";

/** The type, if it is plain. Throws `ShapeError` for one of blocks, whose elements only its kernels can read. */
export function plainType(dtype: DType, what: string): PlainType {
  if (isPlain(dtype)) return dtype;
  throw new ShapeError(`${what}: ${dtype}, expected ${plainTypes.join(", ")}`);
}

/** Names of the types of independent elements: floats and integers. */
export const plainTypes: readonly PlainType[] = dtypes.filter(isPlain);
/** Names of the types of floats. */
export const floatTypes: readonly FloatType[] = dtypes.filter(isFloat);

/** Facts of the elements of a plain type. */
export const plainElement = (dtype: PlainType): FloatElement | IntegerElement => table[dtype].element;

/** Elements in a u32. */
export const perWord = (dtype: PlainType): number => 4 / table[dtype].planes.data.bytes;

/** Length of the rows of a tensor: its last axis. */
export const columnsOf = (shape: Shape): number => shape.at(-1) ?? 1;

/** Bytes of a row of `columns` elements in each plane. */
export function planeRowBytes(dtype: DType, columns: number): Record<string, number> {
  return Object.fromEntries(
    Object.entries(formats[dtype].planes).map(([name, plane]) => [name, cellsOf(plane, columns) * plane.bytes]),
  );
}

/** Bytes of a tensor of this shape in all planes. */
export function bytesOf(dtype: DType, shape: Shape): number {
  const size = sizeOf(shape);
  if (isPlain(dtype)) return size * formats[dtype].planes.data.bytes;
  if (size === 0) return 0;
  const columns = columnsOf(shape);
  return (size / columns) * Object.values(planeRowBytes(dtype, columns)).reduce((sum, bytes) => sum + bytes, 0);
}

/** Throws `ShapeError` where rows of this shape do not divide into the blocks of a format. */
export function checkBlocks(dtype: DType, shape: Shape, what: string): void {
  if (isPlain(dtype)) return;
  if (shape.length < 2) throw new ShapeError(`${what}: ${dtype} ${formatShape(shape)}, expected rows of blocks`);
  for (const plane of Object.values(formats[dtype].planes)) {
    if (Number.isInteger(cellsOf(plane, columnsOf(shape)))) continue;
    throw new ShapeError(
      `${what}: ${dtype} ${formatShape(shape)}, expected rows of a multiple of ${plane.elements} elements`,
    );
  }
}

/** Encodes the numbers of a tensor of this shape. Throws `ShapeError` for rows that do not divide into blocks. */
export function encodePlanes(dtype: DType, shape: Shape, values: ArrayLike<number>): Planes {
  checkBlocks(dtype, shape, "encode");
  return formats[dtype].encode(values, columnsOf(shape));
}

/** Decodes the numbers of a tensor of this shape. */
export const decodePlanes = (dtype: DType, shape: Shape, planes: Planes): Float64Array<ArrayBuffer> =>
  formats[dtype].decode(planes, columnsOf(shape));

/** Rounds the numbers of a tensor of this shape to a format, by encoding and decoding. */
export const roundTo = (dtype: DType, shape: Shape, values: ArrayLike<number>): Float64Array<ArrayBuffer> =>
  decodePlanes(dtype, shape, encodePlanes(dtype, shape, values));

// Elements of 32 bits, as JavaScript has typed arrays of them.
