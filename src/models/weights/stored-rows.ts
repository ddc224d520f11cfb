import { assertFinite, assertFiniteBlocks } from "../../formats/finite.ts";
import { FormatError } from "../../formats/format-error.ts";
import { dtypeOf, type StoredTensor, storageOf } from "../../formats/safetensors/safetensors.ts";
import type { TensorBytes, Weights } from "../../formats/weights.ts";
import { stagingBytes } from "../../gpu/upload.ts";
import { bytesPerElement, type DType, type Elements, elementsOf, type FloatType } from "../../tensor/dtype.ts";
import type { Planes } from "../../tensor/formats/format.ts";
import { formats, isPlain, planeRowBytes } from "../../tensor/formats/formats.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { PackedBlocks, WeightSource } from "../decoders/family.ts";
import { convert, type Losses, type Origin } from "./conversion.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

/** Elements read, converted and assembled at a time: a staging buffer of f32. */
const pieceElements = stagingBytes / 4;

/** Rows of a stored tensor, and how to read them. */
interface StoredRows {
  readonly rows: number;
  readonly columns: number;
  readonly dtype: DType;
  /** Elements that must be read together: a transposed matrix, or a packed block. */
  readonly unit: number;
  /** Where the elements `[begin, end)` of the rows are stored, in whole units. */
  readonly stored: (begin: number, end: number) => TensorBytes[];
  /** Where the i-th element from `begin` on comes from. */
  readonly origin: (begin: number) => Origin;
  /** The elements from `begin` on, from the stored bytes. */
  readonly decode: (begin: number, bytes: readonly Bytes[]) => Planes;
}

/**
 * The tensor that a source names. Throws `FormatError` if it is missing or its shape or type differs from the source's.
 */
export function storedTensor(weights: Weights, { name, shape, packed }: WeightSource): StoredTensor {
  if (!packed) return weights.get(name, shape);
  for (const plane of Object.values(packed.planes)) bytesOf(weights, plane, shape.slice(0, -1));
  return bytesOf(weights, name, shape);
}

/** A tensor of bytes, such as packed weights. */
function bytesOf(weights: Weights, name: string, shape: readonly number[]): StoredTensor {
  const tensor = weights.tensors.get(name) ?? weights.get(name, shape);
  const what = `${tensor.dtype} [${tensor.shape.join(", ")}]`;
  if (what !== `U8 [${shape.join(", ")}]`) {
    throw new FormatError(tensor.file, `is ${what}, expected U8 [${shape.join(", ")}]`, { field: name });
  }
  return tensor;
}

/** The rows of a tensor whose last two axes are the blocks of a row and the bytes of a block. */
function packedRows(
  weights: Weights,
  tensor: StoredTensor,
  { format, planes }: PackedBlocks,
  verify: boolean,
): StoredRows {
  const elements = Number(formats[format].planes.data.elements);
  const columns = (tensor.shape.at(-2) ?? 0) * elements;
  const bytes = tensor.shape.at(-1) ?? 0;
  const others = Object.entries(planes).map(
    ([plane, name]) => [plane, bytesOf(weights, name, tensor.shape.slice(0, -1))] as const,
  );
  return {
    rows: sizeOf(tensor.shape.slice(0, -2)),
    columns,
    dtype: format,
    unit: elements,
    stored: (from, to) => [
      { tensor, begin: (from / elements) * bytes, end: (to / elements) * bytes },
      ...others.map(([, plane]) => ({ tensor: plane, begin: from / elements, end: to / elements })),
    ],
    origin: (from) => ({ tensor, elementOf: (i) => from + i }),
    decode: (from, [data = new Uint8Array(), ...rest]) => {
      const out: Planes = { data, ...Object.fromEntries(others.map(([plane], i) => [plane, rest[i]])) };
      if (verify) assertFiniteBlocks(tensor.name, tensor.file, format, out, from);
      return out;
    },
  };
}

/** Rows `[begin, end)` of a tensor in which the blocks of a format are consecutive, as in GGUF files. */
function blockRows(
  tensor: StoredTensor,
  dtype: DType,
  columns: number,
  [begin, end]: readonly [number, number],
  verify: boolean,
): StoredRows {
  const { ggml, planes } = formats[dtype];
  if (!ggml) throw new TypeError(`${dtype}: files hold no blocks of it`);
  const first = begin * columns;
  const bytesOf = (elements: number) => (elements / Number(planes.data.elements)) * ggml.bytes;
  return {
    rows: end - begin,
    columns,
    dtype,
    unit: Math.max(columns, tensor.together ?? 1),
    stored: (from, to) => [{ tensor, begin: bytesOf(first + from), end: bytesOf(first + to) }],
    origin: (from) => ({ tensor, elementOf: (i) => first + from + i }),
    decode: (from, [bytes = new Uint8Array()]) => {
      const out = ggml.split(bytes);
      if (verify) assertFiniteBlocks(tensor.name, tensor.file, dtype, out, first + from);
      return out;
    },
  };
}

/** Rows `[begin, end)` of a tensor that is stored in the planes of a format. */
function planeRows(
  tensor: StoredTensor,
  dtype: DType,
  columns: number,
  [begin, end]: readonly [number, number],
  verify: boolean,
): StoredRows {
  const rowBytes = Object.entries(planeRowBytes(dtype, columns));
  const first = begin * columns;
  return {
    rows: end - begin,
    columns,
    dtype,
    unit: Math.max(columns, tensor.together ?? 1),
    stored: (from, to) =>
      rowBytes.map(([plane, bytes]) => ({
        tensor: tensor.planes?.[plane] ?? tensor,
        begin: ((first + from) / columns) * bytes,
        end: ((first + to) / columns) * bytes,
      })),
    origin: (from) => ({ tensor, elementOf: (i) => first + from + i }),
    decode: (from, bytes) => {
      const given = rowBytes.map(([plane], i) => [plane, bytes[i] ?? new Uint8Array()] as const);
      const out = Object.fromEntries(given) as unknown as Planes;
      if (verify) assertFiniteBlocks(tensor.name, tensor.file, dtype, out, first + from);
      return out;
    },
  };
}

/** The rows that a source takes from its tensor; their elements are checked to be finite unless `verify` is false. */
export function storedRows(weights: Weights, source: WeightSource, verify = true): StoredRows {
  const { name, shape, rows: taken, packed } = source;
  const tensor = storedTensor(weights, source);
  if (packed) return packedRows(weights, tensor, packed, verify);
  const storage = storageOf(tensor);
  const columns = (source.transposed ? shape.slice(-2) : shape.slice(-1))[0] ?? 1;
  const [begin, end] = taken ?? [0, sizeOf(shape) / columns];
  // A file may hold the transposed matrix already.
  const matrix = source.transposed && !tensor.transposed ? shape.slice(-2) : undefined;
  if (!isPlain(storage)) {
    if (matrix) throw new FormatError(tensor.file, `is ${tensor.dtype}, which cannot be transposed`, { field: name });
    const read = tensor.planes ? planeRows : blockRows;
    return read(tensor, storage, columns, [begin, end], verify);
  }
  const dtype = dtypeOf(tensor);
  const unit = matrix ? sizeOf(matrix) : (tensor.together ?? 1);
  const first = begin * columns;
  const width = bytesPerElement[dtype];
  return {
    rows: end - begin,
    columns,
    dtype,
    unit,
    stored: (from, to) => {
      if (first % unit !== 0 || (end * columns) % unit !== 0) {
        throw new TypeError(`${name}: rows ${begin} to ${end}, expected whole matrices, since they are transposed`);
      }
      return [{ tensor, begin: (first + from) * width, end: (first + to) * width }];
    },
    origin: (from) => ({
      tensor,
      elementOf: (i) => first + from + (matrix ? sourceOf(i, matrix) : i),
    }),
    decode: (from, [bytes = new Uint8Array()]) => {
      const elements = finiteElements(tensor, dtype, bytes, first + from, verify);
      return { data: matrix ? transposed(elements, matrix) : elements };
    },
  };
}

/** The elements in a tensor's bytes, from `element` on. With `verify`, throws `FormatError` if one is not finite. */
export function finiteElements(
  { name, file }: StoredTensor,
  dtype: FloatType,
  bytes: Bytes,
  element: number,
  verify = true,
): Elements {
  if (verify) assertFinite(name, file, dtype, bytes, element);
  return elementsOf(dtype, bytes.buffer, bytes.byteOffset, bytes.byteLength / bytesPerElement[dtype]);
}

/** A piece of a part of a stack: the bytes to read, and its elements from these bytes. */
interface Piece {
  readonly reads: readonly TensorBytes[];
  readonly decode: (bytes: readonly Bytes[]) => Planes;
}

/** The elements of a part of a stack in order: those of one tensor, or alternating rows of several. */
export function piecesOf(part: readonly StoredRows[], to: DType, losses: Losses): Piece[] {
  const [{ rows = 0, columns = 0, dtype: from = to } = {}] = part;
  const whole = part.length > 1 || !isPlain(from) || !isPlain(to); // rows are not cut
  const unit = Math.max(...part.map((member) => member.unit), whole ? columns : 1);
  const step = unit * Math.max(1, Math.floor(pieceElements / (part.length * unit)));
  const pieces: Piece[] = [];
  for (let begin = 0; begin < rows * columns; begin += step) {
    const end = Math.min(begin + step, rows * columns);
    const reads = part.map(({ stored }) => stored(begin, end));
    const decode = (bytes: readonly Bytes[]) => {
      let at = 0;
      const members = part.map(({ dtype, decode, origin }, i) => {
        const own = bytes.slice(at, at + (reads[i]?.length ?? 0));
        at += own.length;
        return convert(dtype, to, decode(begin, own), columns, origin(begin), losses);
      });
      return interleaved(to, members, columns);
    };
    pieces.push({ reads: reads.flat(), decode });
  }
  return pieces;
}

/** The bytes of a plane. */
export function bytesIn(planes: Planes, plane: string): Uint8Array {
  const { buffer, byteOffset, byteLength } = planes[plane] ?? new Uint8Array();
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Transposes consecutive matrices `[in, out]`, each to `[out, in]`. */
export function transposed(elements: Elements, [rows = 0, columns = 0]: readonly number[]): Elements {
  const out = elements.slice();
  for (let at = 0; at < elements.length; at += rows * columns) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        out[at + column * rows + row] = elements[at + row * columns + column] ?? 0;
      }
    }
  }
  return out;
}

/** The index before `transposed` of the element at index i after it. */
export function sourceOf(i: number, [rows = 0, columns = 0]: readonly number[]): number {
  const [at, inside] = [i - (i % (rows * columns)), i % (rows * columns)];
  return at + (inside % rows) * columns + Math.floor(inside / rows);
}

/** Row 0 of each of `members`, row 1 of each, and so on. */
function interleaved(dtype: DType, members: readonly Planes[], columns: number): Planes {
  const [first] = members;
  if (first && members.length === 1) return first;
  const planes = Object.entries(planeRowBytes(dtype, columns)).map(([plane, row]) => {
    const given = members.map((member) => bytesIn(member, plane));
    const out = new Uint8Array(given.reduce((sum, { length }) => sum + length, 0));
    given.forEach((rows, member) => {
      for (let at = 0; at * row < rows.length; at++) {
        out.set(rows.subarray(at * row, (at + 1) * row), (at * members.length + member) * row);
      }
    });
    return [plane, out] as const;
  });
  return Object.fromEntries(planes) as unknown as Planes;
}
